"""What a published method is: named inputs with units, one pure function, and a note on where it is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from estimator.errors import ImpossibleValue, UnknownMethod

Result = dict[str, float | str | dict[str, dict[str, float | None]] | None]

SMALLEST: Final = 1e-30
LARGEST: Final = 1e30
"""Nothing that these methods count lies outside: a frontier training run is 1e26 FLOP, a byte-second 1e-15."""


@dataclass(frozen=True, slots=True)
class Input:
    """One key that a method takes. Optional without a default: what needs it comes back as None."""

    key: str
    unit: str
    description: str
    default: float | None = None
    is_optional: bool = False
    is_whole: bool = False
    at_most: float = LARGEST

    def check(self, method: str, value: float) -> float:
        """The value as a float; `ImpossibleValue` names the key where it cannot be."""
        if not SMALLEST <= value <= self.at_most:
            limit = f"at most {self.at_most:g}" if self.at_most < LARGEST else "finite"
            hint = f"{self.key} ({self.description}) is positive and {limit}, in {self.unit}"
            raise ImpossibleValue(f"{method}: {self.key}={value!r}", hint)
        if self.is_whole and value != int(value):
            raise ImpossibleValue(f"{method}: {self.key}={value!r}", f"{self.key} is a whole number")
        return float(value)


@dataclass(frozen=True, slots=True)
class Take:
    """One form of a method: its inputs and its function, which sees what is given and the defaults."""

    inputs: tuple[Input, ...]
    function: Callable[[Mapping[str, float]], Result]

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key it takes, the optional ones too."""
        return tuple(an_input.key for an_input in self.inputs)

    @property
    def signature(self) -> str:
        """Its keys in a line, the optional ones in brackets."""
        needed = " ".join(i.key for i in self.inputs if not i.is_optional)
        optional = " ".join(i.key for i in self.inputs if i.is_optional)
        return f"{needed} [{optional}]" if optional else needed


@dataclass(frozen=True, slots=True)
class Method:
    """A published method: its takes, its source, and where its own formulas depart from what machines do."""

    name: str
    title: str
    source: str
    takes: tuple[Take, ...]
    where_wrong: tuple[str, ...]

    def compute(self, values: Mapping[str, float]) -> Result:
        """The method's figures for these raw numbers.

        Which take is meant is read off the keys. `UnknownMethod` for a key that it does not have or misses,
        `ImpossibleValue` for a value that cannot be.
        """
        take = max(self.takes, key=lambda candidate: sum(key in candidate.keys for key in values))
        self._refuse_unknown_keys(take, values)
        known = {an_input.key: self._value(take, an_input, values) for an_input in take.inputs}
        return take.function({key: value for key, value in known.items() if value is not None})

    def _refuse_unknown_keys(self, take: Take, values: Mapping[str, float]) -> None:
        for key in values:
            if key not in take.keys:
                raise UnknownMethod(f"{self.name} has no key {key!r}", self.usage(take))

    def _value(self, take: Take, an_input: Input, values: Mapping[str, float]) -> float | None:
        if an_input.key in values:
            return an_input.check(self.name, values[an_input.key])
        if not an_input.is_optional:
            raise UnknownMethod(f"{self.name} needs {an_input.key}", self.usage(take))
        return an_input.default

    def usage(self, take: Take | None = None) -> str:
        """What the method takes, in a line."""
        return " or ".join(f"{self.name} takes {t.signature}" for t in ((take,) if take else self.takes))
