"""What a number in JSON is: neither `true` nor `"8"`, which pydantic would otherwise read as 1 and 8."""

from typing import Final

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def _as_it_stands(value: object) -> object:
    """The value; raises for what the schema does not call a number, before it is made into one."""
    if isinstance(value, (bool, str)):
        kind = "a boolean" if isinstance(value, bool) else "a text"
        raise PydanticCustomError("number_type", "a number is wanted, this is {kind}", {"kind": kind})
    return value


A_NUMBER: Final = BeforeValidator(_as_it_stands)
"""Marks the fields of requests, so that nothing is accepted which their schema refuses. 8.0 is an integer to JSON."""
