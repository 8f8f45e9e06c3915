"""A person's own measurement, as typed or as a benchmark wrote it.

tpot=23ms at 32      ttft=1.2s at 8      45 tok/s      bench.json (vLLM `bench serve`, genai-perf)
"""

import json
import re
from pathlib import Path
from typing import Any, Final

from bot.errors import QuestionError
from estimator.anchor import Anchored, Measurement

_HINT: Final = "write for example --measured 'tpot=23ms at 32', or name the JSON file of vLLM `bench serve`"
_TYPED: Final = re.compile(r"(tpot|ttft|itl)\s*[=:]?\s*([\d.]+)\s*(ms|s)\b(?:\s*(?:at|@|with)\s*(\d+))?")
_RATE: Final = re.compile(r"([\d.]+)\s*(?:tok|tokens?)/s(?:ec)?(?:\s*(?:at|@|with)\s*(\d+))?")
_LARGEST_BYTES: Final = 2**24
_MILLISECONDS: Final[tuple[tuple[str, Anchored], ...]] = (
    ("mean_tpot_ms", "tpot"),
    ("mean_ttft_ms", "ttft"),
)


def read_measured(text: str, *, allows_paths: bool) -> tuple[Measurement, ...]:
    """The measurements in the text or file; `QuestionError` where there is none."""
    if allows_paths and text.endswith(".json"):
        return _from_file(Path(text))
    typed = [
        Measurement("ttft" if name == "ttft" else "tpot", float(value) / (1e3 if unit == "ms" else 1), int(at or 1))
        for name, value, unit, at in _TYPED.findall(text.lower())
    ]
    typed += [
        Measurement("tpot", 1 / float(rate), int(at or 1)) for rate, at in _RATE.findall(text.lower()) if float(rate)
    ]
    if not typed:
        raise QuestionError(f"{text[:80]!r} is no measurement", _HINT)
    return tuple(typed)


def _from_file(path: Path) -> tuple[Measurement, ...]:
    try:
        written: Any = json.loads(path.read_bytes()[:_LARGEST_BYTES])
    except (OSError, ValueError) as error:
        raise QuestionError(f"{path} cannot be read as a benchmark's JSON ({error})", _HINT) from None
    found = _from_vllm(written) or _from_genai_perf(written) if isinstance(written, dict) else ()
    if not found:
        raise QuestionError(f"{path} holds no mean TPOT or TTFT", _HINT)
    return found


def _from_vllm(written: dict[str, Any]) -> tuple[Measurement, ...]:
    """`vllm bench serve --save-result`: mean_tpot_ms, mean_ttft_ms, max_concurrency."""
    concurrency = written.get("max_concurrency") or 1
    values = ((metric, written.get(key)) for key, metric in _MILLISECONDS)
    return tuple(
        Measurement(metric, value / 1e3, int(concurrency)) for metric, value in values if isinstance(value, int | float)
    )


def _from_genai_perf(written: dict[str, Any]) -> tuple[Measurement, ...]:
    """genai-perf's profile: inter_token_latency and time_to_first_token with an `avg` in ms."""
    config = written.get("input_config")
    stimulus = config.get("perf_analyzer", {}).get("stimulus", {}) if isinstance(config, dict) else {}
    concurrency = stimulus.get("concurrency") or 1
    keys: tuple[tuple[str, Anchored], ...] = (("inter_token_latency", "tpot"), ("time_to_first_token", "ttft"))
    values = ((metric, written.get(key)) for key, metric in keys)
    return tuple(
        Measurement(metric, value["avg"] / 1e3, int(concurrency))
        for metric, value in values
        if isinstance(value, dict) and isinstance(value.get("avg"), int | float)
    )
