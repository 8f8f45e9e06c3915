"""What only one process is to do at a time: whoever holds the lease does it, and a dead holder's lease runs out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import or_
from sqlalchemy.dialects import postgresql, sqlite

from ingest.store.tables import LEASES

if TYPE_CHECKING:
    from sqlalchemy import Engine

LONGEST_S: Final = 3600.0
"""A lease that ends later than this from now was given by a clock that has jumped since."""


class Leases:
    """The leases of one process, which `owner` names."""

    def __init__(self, engine: Engine, owner: str) -> None:
        self._engine, self._owner = engine, owner

    def hold(self, name: str, now: float, lease_s: float) -> bool:
        """Whether this process holds the lease now, for so long; holding it already renews it."""
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        values = {"owner": self._owner, "until": now + lease_s}
        free = or_(LEASES.c.owner == self._owner, LEASES.c.until <= now, LEASES.c.until > now + LONGEST_S)
        statement = dialect.insert(LEASES).values(name=name, **values)
        statement = statement.on_conflict_do_update(index_elements=["name"], set_=values, where=free)
        with self._engine.begin() as connection:
            return connection.execute(statement.returning(LEASES.c.owner)).one_or_none() is not None
