"""What the text says of hardware, as values: cards with their places, counts and memories."""

from dataclasses import dataclass, field
from typing import Final

from bot.question.query import HardwareRef
from bot.question.seats import Seat
from bot.question.unknown_cards import Unknown
from estimator.gpus import GPUS
from estimator.hardware import Gpu

GPUS_PER_SERVER: Final = 8
"""Assumed, and said, where machines are counted and their cards are not: HGX boards and their like hold eight."""


@dataclass(slots=True, eq=False, repr=False)
class Machines:
    """What the text says of hardware."""

    refs: list[HardwareRef] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)
    impossible_memories: list[str] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    are_joined: bool = False
    mentions: int = 0
    processor: str | None = None
    processor_memory_gb: float | None = None

    @property
    def may_be_unified(self) -> bool:
        """Whether a chip among them shares its memory with the processor: then it is the laptop's own."""
        return any(is_unified(GPUS[ref.id]) for ref in self.refs)

    @property
    def may_offload(self) -> bool:
        """Whether main memory is another than the cards' own."""
        return any(not is_unified(GPUS[ref.id]) for ref in self.refs)


@dataclass(slots=True, eq=False, repr=False)
class Found:
    """One card where it stands in the text."""

    gpu_id: str
    typed: str
    seat: Seat
    span: tuple[int, int]
    is_bare: bool = True


def is_unified(gpu: Gpu) -> bool:
    """Whether the chip shares its memory with the processor: then RAM is the memory of the card."""
    return (
        gpu.vendor == "Apple" or "unified" in gpu.memory_type.lower() or gpu.id.startswith(("strix", "cpu", "jetson"))
    )
