"""Asks the public catalogue for each cloud's file: only what changed, bounded in size and time.

Needs the extra `prices` (requests). A cloud that cannot be read keeps what was known of it, and is said.
Source of the address: SkyPilot's own constants point at this mirror; the repository's raw files answer 429 at times.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import requests

from ingest.prices.skypilot import CLOUDS, NoCatalogue, read_cloud
from ingest.prices.snapshot import CloudSnapshot, Snapshot

ADDRESS: Final = "https://skypilot-catalog.s3.us-east-1.amazonaws.com/catalogs/v8/{cloud}/vms.csv"
LARGEST_FILE_BYTES: Final = 2**24
"""The largest of the files read had 3.7 MB (aws)."""
CONNECT_S, READ_S = 5.0, 15.0
WHOLE_S: Final = 120.0
_PIECE: Final = 2**16


@dataclass(slots=True)
class Refreshed:
    """What a refresh found: the new snapshot, and what became of each cloud in a word or two."""

    snapshot: Snapshot
    said: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether at least one cloud could be read."""
        return any(not word.startswith("failed") for word in self.said.values())


def refresh(
    known: Snapshot,
    today: date,
    *,
    clouds: Sequence[str] = CLOUDS,
    clock: Callable[[], float] = time.monotonic,
) -> Refreshed:
    """The snapshot with every cloud that answered read anew; it raises nothing for one that does not."""
    found = dict(known.clouds)
    done, until = Refreshed(known), clock() + WHOLE_S
    with requests.Session() as session:
        for cloud in clouds:
            try:
                etag, text = _fetch(session, cloud, found.get(cloud), until, clock)
                if text is None:
                    done.said[cloud] = "unchanged"
                    found[cloud] = CloudSnapshot(etag, today.isoformat(), found[cloud].offers)
                    continue
                read = read_cloud(cloud, text)
            except (requests.RequestException, NoCatalogue) as error:
                done.said[cloud] = f"failed: {_plain(error)}"
                continue
            found[cloud] = CloudSnapshot(etag, today.isoformat(), tuple(read.offers))
            done.said[cloud] = f"{len(read.offers)} offers"
            for why, count in read.skipped.items():
                done.skipped[why] = done.skipped.get(why, 0) + count
    if done.is_whole:
        done.snapshot = Snapshot(today.isoformat(), found)
    return done


def _fetch(
    session: requests.Session, cloud: str, known: CloudSnapshot | None, until: float, clock: Callable[[], float]
) -> tuple[str | None, str | None]:
    """The file's tag and text; no text where it has not changed."""
    if clock() > until:
        raise NoCatalogue(f"no time left after {WHOLE_S:.0f} s")
    headers = {"If-None-Match": known.etag} if known and known.etag else {}
    address = ADDRESS.format(cloud=cloud)
    with session.get(
        address, headers=headers, timeout=(CONNECT_S, READ_S), stream=True, allow_redirects=False
    ) as answer:
        if answer.status_code == requests.codes.not_modified and known:
            return known.etag, None
        if answer.status_code != requests.codes.ok:
            raise NoCatalogue(f"HTTP {answer.status_code}")
        body = bytearray()
        for piece in answer.iter_content(_PIECE):
            body += piece
            if len(body) > LARGEST_FILE_BYTES or clock() > until:
                raise NoCatalogue(f"more than {LARGEST_FILE_BYTES:,} bytes, or too slow")
        return answer.headers.get("ETag"), bytes(body).decode("utf-8", errors="replace")


def _plain(error: Exception) -> str:
    """The kind of a network's fault; the text of one may hold addresses and is not for a terminal."""
    return str(error) if isinstance(error, NoCatalogue) else type(error).__name__
