"""Every table of the bot as it stands now; `migrations` says how it came to be, and a test that both agree."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, Boolean, Column, DateTime, Double, Index, Integer, MetaData, String, Table, Text

METADATA: Final = MetaData()
MAX_KEY_CHARACTERS: Final = 255
MAX_ASKER_CHARACTERS: Final = 80
MAX_THREAD_CHARACTERS: Final = 120

SEEN: Final = Table(
    "events_seen",
    METADATA,
    Column("key", String(MAX_KEY_CHARACTERS), primary_key=True),
    Column("seen_at", Double, nullable=False, index=True),
)
WORK: Final = Table(
    "work",
    METADATA,
    Column("key", String(MAX_KEY_CHARACTERS), primary_key=True),
    Column("state", String(16), nullable=False, index=True),
    Column("payload", JSON, nullable=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("created_at", Double, nullable=False),
    Column("not_before", Double, nullable=False, default=0.0),
    Column("asker", String(MAX_ASKER_CHARACTERS), nullable=False, server_default=""),
    Column("channel", String(MAX_ASKER_CHARACTERS), nullable=False, server_default=""),
    Column("thread", String(MAX_THREAD_CHARACTERS), nullable=False, server_default="", index=True),
)
ANSWERS: Final = Table(
    "answers",
    METADATA,
    Column("token", String(32), primary_key=True),
    Column("team", String(32), nullable=False),
    Column("user", String(32), nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", Double, nullable=False, index=True),
    Index("answers_of_a_person", "team", "user", "created_at"),
)
THREADS: Final = Table(
    "threads",
    METADATA,
    Column("team", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("thread_ts", String(32), primary_key=True),
    Column("query", Text, nullable=False),
    Column("answered_at", Double, nullable=False, index=True),
)
FEEDBACK: Final = Table(
    "feedback",
    METADATA,
    Column("token", String(32), primary_key=True),
    Column("user", String(32), primary_key=True),
    Column("team", String(32), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("query", Text, nullable=False),
    Column("given_at", Double, nullable=False),
)
TEAM_DEFAULTS: Final = Table(
    "team_defaults",
    METADATA,
    Column("team", String(32), primary_key=True),
    Column("machine", String(255), nullable=False),
    Column("set_by", String(32), nullable=False),
    Column("set_at", Double, nullable=False),
)
INSTALLATIONS: Final = Table(
    "slack_installations",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("client_id", String(32), nullable=False),
    Column("app_id", String(32), nullable=False),
    Column("enterprise_id", String(32)),
    Column("enterprise_name", String(200)),
    Column("enterprise_url", String(200)),
    Column("team_id", String(32)),
    Column("team_name", String(200)),
    Column("bot_token", String(200)),
    Column("bot_id", String(32)),
    Column("bot_user_id", String(32)),
    Column("bot_scopes", String(1000)),
    Column("bot_refresh_token", String(200)),
    Column("bot_token_expires_at", DateTime),
    Column("user_id", String(32), nullable=False),
    Column("user_token", String(200)),
    Column("user_scopes", String(1000)),
    Column("user_refresh_token", String(200)),
    Column("user_token_expires_at", DateTime),
    Column("incoming_webhook_url", String(200)),
    Column("incoming_webhook_channel", String(200)),
    Column("incoming_webhook_channel_id", String(200)),
    Column("incoming_webhook_configuration_url", String(200)),
    Column("is_enterprise_install", Boolean, nullable=False),
    Column("token_type", String(32)),
    Column("installed_at", DateTime, nullable=False),
    Index("slack_installations_idx", "client_id", "enterprise_id", "team_id", "user_id", "installed_at"),
)
"""As slack_sdk's store of installations wants it, which reads and writes it; the two tables below too."""
BOTS: Final = Table(
    "slack_bots",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("client_id", String(32), nullable=False),
    Column("app_id", String(32), nullable=False),
    Column("enterprise_id", String(32)),
    Column("enterprise_name", String(200)),
    Column("team_id", String(32)),
    Column("team_name", String(200)),
    Column("bot_token", String(200)),
    Column("bot_id", String(32)),
    Column("bot_user_id", String(32)),
    Column("bot_scopes", String(1000)),
    Column("bot_refresh_token", String(200)),
    Column("bot_token_expires_at", DateTime),
    Column("is_enterprise_install", Boolean, nullable=False),
    Column("installed_at", DateTime, nullable=False),
    Index("slack_bots_idx", "client_id", "enterprise_id", "team_id", "installed_at"),
)
STATES: Final = Table(
    "slack_oauth_states",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("state", String(200), nullable=False),
    Column("expire_at", DateTime, nullable=False),
)
