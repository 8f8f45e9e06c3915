"""A question as people type it, to a `Query`: deterministic, without network, clock or model calls."""

from bot.errors import QuestionError
from bot.question.meaning import parse, parse_fragment
from bot.question.query import HardwareRef, Measured, ParallelRef, Query

__all__ = [
    "HardwareRef",
    "Measured",
    "ParallelRef",
    "Query",
    "QuestionError",
    "parse",
    "parse_fragment",
]
