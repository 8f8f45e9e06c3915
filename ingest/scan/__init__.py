"""All of the Hub, or a part of it: listed, fetched once, kept. No estimate is made here."""
