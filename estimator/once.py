"""A value worked out at first use and kept.

`functools.cached_property` takes a lock at each first use before Python 3.12, a fifth of an estimate's time here.
Two threads may both work a value out; they get the same one, for everything here is pure.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Owner = TypeVar("Owner")
Value = TypeVar("Value")


class once(Generic[Owner, Value]):  # noqa: N801  # used as a decorator, like `property`
    """An attribute that is computed at first use; the instance's own dictionary answers from then on."""

    def __init__(self, compute: Callable[[Owner], Value]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> "once[Owner, Value]": ...
    @overload
    def __get__(self, instance: Owner, owner: type[Any]) -> Value: ...
    def __get__(self, instance: Owner | None, owner: type[Any]) -> "once[Owner, Value] | Value":
        if instance is None:
            return self
        value = self._compute(instance)
        instance.__dict__[self._name] = value  # no setter here: found before this descriptor at the next use
        return value
