"""The steps that the tables of ingest went through, oldest first. What was shipped is never changed: add a step."""
