"""What tokens take in energy, at most: every card at its rated power for as long as they need.

    kWh per million output tokens = GPUs x TDP / (output tokens per s x 3,600) x 10^6 / 10^3
    kWh per million input tokens  = the same with the seconds of prefill work of a prompt's token

A bound and not a measurement: decode seldom draws the rated power. The cards' own: hosts, switches and cooling apart.
"""

from dataclasses import dataclass
from typing import Final

from estimator.cost import MTOK, SECONDS_PER_HOUR, input_token_s
from estimator.estimation import Estimate

KILO: Final = 1e3


@dataclass(frozen=True, slots=True)
class Energy:
    """At most so much: kilowatts of all cards, and kilowatt-hours for a million tokens."""

    kilowatts: float
    kwh_per_mtok_output: float
    kwh_per_mtok_input: float


def energy_of(found: Estimate) -> Energy | None:
    """The energy of an estimate's tokens; None where the card's rated power is not known."""
    request, watts = found.request, found.request.gpu.tdp_w
    if watts is None:
        return None
    is_local, prompt_s = found.engine.name == "llama.cpp", found.latency.prompt_s
    input_s = input_token_s(request.load, found.layout, found.replicas, prompt_s=prompt_s, is_local=is_local)
    kilowatts, hours_per_mtok = request.gpus * watts / KILO, MTOK / SECONDS_PER_HOUR
    return Energy(kilowatts, kilowatts * hours_per_mtok / found.throughput.value, kilowatts * hours_per_mtok * input_s)
