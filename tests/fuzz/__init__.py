"""Mutated real configs against the reader of models."""
