"""Which workspaces installed the app, with their tokens: Slack's own tables, in our database and its history.

A workspace is found by its id alone: a token is stored with the organisation that the workspace belonged to when it
was installed, and that may change. Nothing here appears in a log; the database must be kept as a secret is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
from sqlalchemy import delete, select

from bot.store.tables import BOTS, INSTALLATIONS, STATES

if TYPE_CHECKING:
    from slack_sdk.oauth.installation_store import Bot
    from sqlalchemy import Engine

STATE_S: Final = 600
"""How long a person has between "Add to Slack" and "Allow", as in Bolt."""


class Installations:
    """The tokens of every workspace that one app (`client_id`) was installed in."""

    def __init__(self, engine: Engine, client_id: str) -> None:
        self.engine = engine
        self.client_id = client_id
        self.store = SQLAlchemyInstallationStore(client_id, engine, BOTS.name, INSTALLATIONS.name)
        self.states = SQLAlchemyOAuthStateStore(STATE_S, engine, table_name=STATES.name)

    def bot(self, team: str) -> Bot | None:
        """The newest token of that workspace; None where the app is not installed."""
        query = (
            select(BOTS)
            .where(BOTS.c.client_id == self.client_id, BOTS.c.team_id == team)
            .order_by(BOTS.c.installed_at.desc(), BOTS.c.id.desc())
            .limit(1)
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return SQLAlchemyInstallationStore.build_bot_entity(row) if row else None

    def remove(self, team: str, before: float) -> None:
        """Forgets the tokens of that workspace that are older than this time (seconds since the epoch).

        A workspace that removed the app and installed it again at once must not lose its new token to late news.
        """
        until = datetime.fromtimestamp(before, UTC).replace(tzinfo=None)  # as the SDK stores times
        with self.engine.begin() as connection:
            for table in (BOTS, INSTALLATIONS):
                is_theirs = (table.c.client_id == self.client_id, table.c.team_id == team)
                connection.execute(delete(table).where(*is_theirs, table.c.installed_at <= until))
