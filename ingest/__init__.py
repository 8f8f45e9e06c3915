"""The Hub: a name in, a normalized model spec with its commit and provenance out.

    from ingest import load

    load("meta-llama/Llama-3.1-8B").spec.total_parameters

`load` and its types are the face for scripts; they are imported when first asked for, so that a command that needs a
part of this package does not pay for the whole.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.loader import LoadedModel, Loader, load

__all__ = ["LoadedModel", "Loader", "load"]


def __getattr__(name: str) -> Any:
    """The part of the face of that name (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ingest import loader  # noqa: PLC0415  # only when the face is used

    return getattr(loader, name)
