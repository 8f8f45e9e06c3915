"""One row for each model, weight format and machine: the figures of an answer, or the reason why there is none.

Rows are lines of JSON whose keys are COLUMNS. Figures have six digits; the same models on the same machines give the
same bytes, whoever computes them.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from estimator.errors import ImpossibleValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.scan.plan import Machine
    from estimator.band import Interval
    from estimator.estimation import Estimate

Value = str | int | float | bool | None

COLUMNS: Final[Mapping[str, str]] = {
    "repo_id": "VARCHAR",
    "commit": "VARCHAR",
    "model_type": "VARCHAR",
    "architecture": "VARCHAR",
    "parameters": "BIGINT",
    "active_parameters": "BIGINT",
    "weights": "VARCHAR",
    "machine": "VARCHAR",
    "gpus": "INTEGER",
    "context_tokens": "BIGINT",
    "fits": "BOOLEAN",
    "required_bytes": "BIGINT",
    "usable_bytes": "BIGINT",
    "weights_bytes": "BIGINT",
    "sequence_bytes": "BIGINT",
    "max_concurrency": "DOUBLE",
    "max_context_tokens": "BIGINT",
    "layout": "VARCHAR",
    "engine": "VARCHAR",
    "ttft_s": "DOUBLE",
    "ttft_low_s": "DOUBLE",
    "ttft_high_s": "DOUBLE",
    "tpot_s": "DOUBLE",
    "tpot_low_s": "DOUBLE",
    "tpot_high_s": "DOUBLE",
    "output_tokens_per_s": "DOUBLE",
    "usd_per_hour": "DOUBLE",
    "usd_per_mtok_output": "DOUBLE",
    "refusal": "VARCHAR",
    "reason": "VARCHAR",
    "hint": "VARCHAR",
}
"""Names and their types in SQL. Bytes are those of the fullest GPU; times are of one request alone unless the plan
names more at once; `refusal` is the kind of the error, null where there are figures."""
LARGEST: Final = 2**63 - 1
"""What a BIGINT holds."""


def figures(found: Estimate) -> dict[str, Value]:
    """The columns of an estimate but its model's name. Raises `ImpossibleValue` for what no column holds."""
    memory, cost, request = found.memory, found.cost, found.request
    largest = max(
        request.spec.total_parameters, memory.required_bytes, memory.sequence_bytes, found.max_context_tokens or 0
    )
    if not largest <= LARGEST:
        raise ImpossibleValue(
            f"{request.spec.repo_id}: {largest:.3g} parameters or bytes are no model's", "check its config.json"
        )
    return {
        **_shape(found),
        "machine": request.gpu.id,
        "gpus": request.gpus,
        "context_tokens": request.load.context_tokens,
        "fits": found.fits,
        "required_bytes": round(memory.required_bytes),
        "usable_bytes": round(memory.usable_bytes),
        "weights_bytes": round(memory.weights_bytes),
        "sequence_bytes": round(memory.sequence_bytes),
        "max_concurrency": _short(found.max_concurrency),
        "max_context_tokens": found.max_context_tokens,
        "layout": str(found.layout),
        "engine": f"{found.engine.name} {found.engine_version}",
        **_times("ttft", found.ttft),
        "usd_per_hour": _short(cost.usd_per_hour.median) if cost else None,
        **(_of_decode(found) if request.spec.generates else {}),
    }


def _of_decode(found: Estimate) -> dict[str, Value]:
    """What an encoder has not."""
    return {
        **_times("tpot", found.tpot),
        "output_tokens_per_s": _short(found.throughput.value),
        "usd_per_mtok_output": _short(found.cost.usd_per_mtok_output.median) if found.cost else None,
    }


def _shape(found: Estimate) -> dict[str, Value]:
    spec = found.request.spec
    return {
        "model_type": spec.model_type,
        "architecture": spec.architecture,
        "parameters": spec.total_parameters,
        "active_parameters": spec.active_parameters,
        "weights": found.plan.name,
    }


def refusal(error: Any, machine: Machine | None = None, weights: str | None = None) -> dict[str, Value]:
    """The columns of a refusal, by one machine or by the model itself."""
    return {
        "machine": machine.id if machine else None,
        "gpus": machine.gpus if machine else None,
        "weights": weights,
        "refusal": type(error).__name__,
        "reason": getattr(error, "message", str(error)),
        "hint": getattr(error, "hint", ""),
    }


def bug(error: Exception) -> dict[str, Value]:
    """The columns of a model that a fault of ours keeps from being sized; its traceback is in the log."""
    return {
        "refusal": "Bug",
        "reason": f"a fault of hubgauge: {type(error).__name__}: {error}"[:500],
        "hint": "please report it with the model's name",
    }


def tail(values: Mapping[str, Value]) -> str:
    """The columns after the model's name as the end of a line of JSON."""
    return json.dumps({key: value for key, value in values.items() if value is not None}, ensure_ascii=False)[1:]


def line(repo_id: str, commit: str | None, end: str) -> str:
    """One row: the model's name before what was computed for all that are shaped alike."""
    return f'{{"repo_id": {json.dumps(repo_id)}, "commit": {json.dumps(commit)}, {end}\n'


def _times(name: str, interval: Interval) -> dict[str, Value]:
    return {
        f"{name}_s": _short(interval.value),
        f"{name}_low_s": _short(interval.low),
        f"{name}_high_s": _short(interval.high),
    }


def _short(value: float) -> float | None:
    """Six digits; null for what has no end."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
