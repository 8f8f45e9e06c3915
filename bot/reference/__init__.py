"""The pages of docs/ that are written from tables, each with the function that writes it.

Run by maintainers, `make pages`; no part of the product imports it. A test holds every page to its function.
"""
