"""One spoilt config through the whole door, and whether what came out is an answer or an explained refusal."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ingest.errors import IngestError, MalformedConfig, UnsupportedArchitecture
from ingest.json_file import read_json_object
from ingest.loaded_model import model_from_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType
    from typing import Any

    from estimator.model_spec import ModelSpec

LONGEST_CPU_S: Final = 1.0
LONGEST_MESSAGE: Final = 1000
ROUNDING: Final = 1e-9
"""Of active parameters, which are a sum of floats: beyond 2^53 they are no longer whole."""
WHOLE_FILE: Final = ("not JSON", "not an object", "nested", "no JSON object", "more than the")
"""Faults of a file as a whole, which have no key."""


class TookTooLong(BaseException):  # BaseException: no handler of the program may swallow it
    """One config used more processor time than all of a question may."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one config: `escape` says what is wrong with the outcome, empty where all is well."""

    outcome: str
    escape: str
    cpu_s: float


@contextmanager
def bounded_cpu(seconds: float) -> Iterator[None]:
    """Within, more processor time than this raises `TookTooLong`, in pure Python code at least."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def on_alarm(_signal: int, _frame: FrameType | None) -> None:
    """The handler of the timer."""
    raise TookTooLong


def judge(data: bytes, beside: Mapping[str, Any] | None, repo_id: str, keys: frozenset[str]) -> Verdict:
    """Read the bytes as a config of that repository, ask the spec everything, and judge the outcome.

    `keys` are all keys of the real configs: a refusal of a value or a shape has to name one.
    """
    start = time.process_time()
    outcome, escape = "spec", ""
    try:
        with bounded_cpu(LONGEST_CPU_S):
            config = read_json_object(data, repo_id)
            model = model_from_config(
                config, beside, repo_id=repo_id, revision=None, asked=repo_id, source="file", read_as=repo_id
            )
            escape = odd_figures(model.spec)
    except IngestError as error:
        outcome, escape = type(error).__name__, poor_refusal(error, repo_id, keys)
    except TookTooLong:
        outcome, escape = "hang", f"more than {LONGEST_CPU_S:g} s of processor time"
    except Exception as error:  # noqa: BLE001  # whatever else comes out is what is looked for
        outcome, escape = "escape", f"{type(error).__name__}: {error!s:.200} at {_place(error)}"
    return Verdict(outcome, escape, time.process_time() - start)


def odd_figures(spec: ModelSpec) -> str:
    """What no model can have: nothing at all, less than nothing, or parts that do not sum."""
    figures = {
        "total_parameters": spec.total_parameters,
        "active_parameters": spec.active_parameters,
        "checkpoint_parameters": spec.checkpoint_parameters,
        "cache_elements_per_token": spec.cache_elements_per_token,
        "window_elements_per_sequence": spec.window_elements_per_sequence,
        "state_bytes_engine": spec.state_bytes_engine,
        "weight_bytes": spec.weight_bytes(),
        "stored_cache_elements": spec.stored_cache_elements(8192),
    }
    negative = [f"{name} is {value}" for name, value in figures.items() if not value >= 0]
    if negative:
        return ", ".join(negative)
    if spec.active_parameters > spec.total_parameters * (1 + ROUNDING):
        return f"active {spec.active_parameters} of {spec.total_parameters}"
    return "" if spec.total_parameters else "a model of no parameters"


def poor_refusal(error: IngestError, repo_id: str, keys: frozenset[str]) -> str:
    """What a refusal lacks: the repository, the key, what to try, or an end."""
    if repo_id not in error.message:
        return f"no repository in {error.message!r:.200}"
    if len(error.message) > LONGEST_MESSAGE:
        return f"a message of {len(error.message):,} characters"
    if not error.hint:
        return f"nothing to try after {error.message!r:.200}"
    about_a_key = isinstance(error, MalformedConfig | UnsupportedArchitecture)
    if about_a_key and not any(fault in error.message for fault in WHOLE_FILE) and not names_one(error.message, keys):
        return f"no key in {error.message!r:.200}"
    return ""


def names_one(message: str, keys: frozenset[str]) -> bool:
    """Whether a word of the message is a key, alone or at the end of a path."""
    words = message.replace("[", " ").replace("]", " ").replace(".", " ").replace(",", " ").replace(":", " ").split()
    return any(word.strip("'\"`()") in keys for word in words)


def _place(error: BaseException) -> str:
    """File and line where the error was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else "?"
