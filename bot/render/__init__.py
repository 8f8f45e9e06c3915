"""What to say, then how it looks: an answer becomes a report, and a report becomes text, blocks or JSON."""
