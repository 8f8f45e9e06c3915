"""The physics: a model spec, a machine and a workload in; memory, latency, throughput and cost out.

    from estimator import Request, estimate, find_gpu
    from estimator.workload import workload

    estimate(Request(spec=spec, gpu=find_gpu("h100"), load=workload(context_tokens=32_768)))

Pure: nothing here opens a file or a socket, reads a clock or the environment, or writes a log. The names below are the
face for scripts; they are imported when first asked for, so that a command pays for what it uses alone.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from estimator.estimation import Estimate, Request, estimate
    from estimator.gpus import find_gpu
    from estimator.parallelism import Layout

__all__ = ["Estimate", "Layout", "Request", "estimate", "find_gpu"]


def __getattr__(name: str) -> Any:
    """The part of the face of that name (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from estimator import estimation, gpus, parallelism  # noqa: PLC0415  # only when the face is used

    homes = {"find_gpu": gpus, "Layout": parallelism}
    return getattr(homes.get(name, estimation), name)
