"""Models sized by the hundred thousand: what the store keeps of them, on every machine asked about, as rows."""
