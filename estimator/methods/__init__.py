"""Published methods that people already know, each by its own formulas, also where they are wrong.

Each module opens with its derivation; each `Method` says where it departs from what machines do, and the full
estimate stands beside it (`hubgauge methods "QUESTION"`).
"""

from collections.abc import Mapping
from typing import Final

from estimator.errors import UnknownMethod
from estimator.methods.essentials import ESSENTIALS
from estimator.methods.method import Input, Method, Result, Take
from estimator.methods.physics import PHYSICS
from estimator.methods.roofline import ROOFLINE
from estimator.methods.scaling_calculator import SCALING_CALCULATOR

__all__ = ["METHODS", "Input", "Method", "Result", "Take", "compute"]

METHODS: Final[Mapping[str, Method]] = {m.name: m for m in (PHYSICS, ROOFLINE, ESSENTIALS, SCALING_CALCULATOR)}


def compute(name: str, values: Mapping[str, float]) -> Result:
    """The figures of that method for these raw numbers, by the keys of its publication.

    `UnknownMethod` for a name or key that is not there, or a key that is missing; `ImpossibleValue` for zero, negative,
    NaN or absurd values. Both name the key; the first lists what the method takes, the second says what the key means.
    """
    method = METHODS.get(name.lower().replace("_", "-"))
    if method is None:
        raise UnknownMethod(f"unknown method {name!r}", f"methods: {', '.join(METHODS)}")
    return method.compute(values)
