"""How many GPUs serve so many users at a wished speed: replicas of the group of cards that serves the most for each.

    users a replica = the most requests at once that all run, each at the wished tokens per second, the first in time
    GPUs            = replicas x GPUs of a replica, replicas = users / users a replica, rounded up

Every layout of 1, 2, 4, ... cards is tried; users spread evenly, so a replica serves no more than its share.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from estimator.errors import EstimatorError
from estimator.layout_choice import cuts_of
from estimator.recommend import Target, group_sizes
from estimator.setup import Request
from estimator.sweep import Point, most_served, sweep


@dataclass(frozen=True, slots=True)
class Fleet:
    """`replicas` of one layout that serve all users. `point` is one replica at its share of them."""

    users: int
    replicas: int
    users_per_replica: int
    point: Point

    @property
    def gpus(self) -> int:
        """GPUs of all replicas."""
        return self.replicas * self.point.layout.gpus


def smallest_fleet(request: Request, users: int, target: Target) -> Fleet | None:
    """The fewest of the request's card for so many users at once; None where no group of cards serves even one.

    Among equal numbers of cards the one whose requests are soonest. `request.gpus` and its layout are not used.
    """
    fleets = [fleet for gpus in group_sizes(request.gpu) for fleet in _fleets(request, gpus, users, target)]
    return min(fleets, key=lambda fleet: (fleet.gpus, fleet.point.tpot_s), default=None)


def _fleets(request: Request, gpus: int, users: int, target: Target) -> Iterator[Fleet]:
    """One fleet for each layout that takes all of so many cards."""
    load = replace(request.load, concurrency=users)
    try:
        cuts = cuts_of(replace(request, gpus=gpus, layout=None, load=load))
    except EstimatorError:
        return  # no split over so many cards
    for cut in cuts:
        if cut.replicas > 1 or cut.layout.gpus != gpus or not cut.memory.fits:
            continue  # the smaller group has been tried by itself
        most = most_served(cut, load, lambda point: target.is_reached(point.tpot_s, point.ttft_s))
        if most is not None:
            replicas = math.ceil(users / most.concurrency)
            share = math.ceil(users / replicas)
            asked = replace(cut.setup.request, layout=cut.layout)
            (point,) = sweep(asked, (share,))
            yield Fleet(users, replicas, share, point)
