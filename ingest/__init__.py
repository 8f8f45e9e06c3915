"""The Hub: a name in, a normalized model spec with its commit and provenance out."""
