"""Every table of ingest as it stands now; `migrations` says how it came to be, and a test that both agree.

    models      what the Hub said of a repository at a commit, with the small files that size it; for ever
    scans       what is listed, and how far the listing came
    scan_items  the repositories of a scan, and what became of each
    budgets     what is left of the Hub's quota, for all processes that ask with one identity
    releases    the repositories that the watcher knows: new ones, and those that were there before it looked
    marks       how far each list was watched
    leases      who does what only one process is to do

A database belongs to one deployment: whoever may read it reads what that deployment's token may.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Double, Index, Integer, LargeBinary, MetaData, String, Table, Text

METADATA: Final = MetaData()
MAX_NAME_CHARACTERS: Final = 255
"""The Hub's ids have at most 96 characters a part."""

BY_BYTES: Final = String(MAX_NAME_CHARACTERS).with_variant(String(MAX_NAME_CHARACTERS, collation="C"), "postgresql")
"""Names that are walked in order: the same order in every database, whatever its language."""

MODELS: Final = Table(
    "models",
    METADATA,
    Column("repo_id", String(MAX_NAME_CHARACTERS), primary_key=True),
    Column("commit", String(64), primary_key=True),
    Column("description", Text, nullable=False),
    Column("config", LargeBinary, nullable=True),
    Column("hf_quant_config", LargeBinary, nullable=True),
    Column("adapter_config", LargeBinary, nullable=True),
    Column("etag", String(MAX_NAME_CHARACTERS), nullable=True),
    Column("stored_at", Double, nullable=False),
)
SCANS: Final = Table(
    "scans",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("source", Text, nullable=False),
    Column("cursor", Text, nullable=True),
    Column("is_listed", Boolean, nullable=False),
    Column("items", Integer, nullable=False),
    Column("begun_at", Double, nullable=False),
    Column("ended_at", Double, nullable=True),
)
SCAN_ITEMS: Final = Table(
    "scan_items",
    METADATA,
    Column("scan_id", String(64), primary_key=True),
    Column("asked", BY_BYTES, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("listed", Text, nullable=True),
    Column("repo_id", String(MAX_NAME_CHARACTERS), nullable=True),
    Column("commit", String(64), nullable=True),
    Column("problem", Text, nullable=True),
    Column("attempts", Integer, nullable=False, default=0),
    Index("ix_scan_items_state", "scan_id", "state", "number"),
)
BUDGETS: Final = Table(
    "budgets",
    METADATA,
    Column("caller", String(MAX_NAME_CHARACTERS), primary_key=True),
    Column("bucket", String(32), primary_key=True),
    Column("left", Integer, nullable=False),
    Column("limit", Integer, nullable=True),
    Column("ends_at", Double, nullable=False),
)
RELEASES: Final = Table(
    "releases",
    METADATA,
    Column("repo_id", BY_BYTES, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("how", String(16), nullable=False),
    Column("commit", String(64), nullable=True),
    Column("listed", Text, nullable=True),
    Column("problem", Text, nullable=True),
    Column("found_at", Double, nullable=False),
    Column("ready_at", Double, nullable=True, index=True),
    Column("not_before", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("is_announced", Boolean, nullable=False),
    Index("ix_releases_state", "state", "not_before"),
)
MARKS: Final = Table(
    "marks",
    METADATA,
    Column("name", String(MAX_NAME_CHARACTERS), primary_key=True),
    Column("value", Text, nullable=False),
)
LEASES: Final = Table(
    "leases",
    METADATA,
    Column("name", String(MAX_NAME_CHARACTERS), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("until", Double, nullable=False),
)
