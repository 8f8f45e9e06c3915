"""Prices that change: the public catalogue of clouds, read when asked to, and the snapshot that is kept of it."""
