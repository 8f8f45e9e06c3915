"""What is asked of the machine: how long the requests are and how many are in flight.

    context_tokens = prompt + output where either is given, else 8,192
    concurrency    = requests in flight; None asks for the latency of one alone and the throughput at capacity
    prefix hits    = share of a prompt whose cache is there already (a system prompt, earlier turns): not computed again

A context without lengths is read as one request that fills it: the prompt takes all but the output, and the
output is an eighth of the context, at most 1,024 tokens (long prompts and short answers are the common load).
"""

from dataclasses import dataclass
from typing import Final, Literal

from estimator.errors import ImpossibleValue

DEFAULT_CONTEXT_TOKENS: Final = 8192
"""Contract: what is meant when nothing is said."""
DEFAULT_OUTPUT_TOKENS: Final = 1024
MOST_TOKENS: Final = 2**27
"""A context beyond 128 M tokens is a slip of the keyboard: the longest published one is 10 M."""
MOST_CONCURRENCY: Final = 10**7
MOST_GPUS: Final = 2**16

Arrival = Literal["steady", "burst"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Requests as the estimator sees them. `assumptions` names the lengths that nobody stated."""

    context_tokens: int
    prompt_tokens: int
    output_tokens: int
    concurrency: int | None = None
    arrival: Arrival = "steady"
    prefix_hit_fraction: float = 0.0
    assumptions: tuple[str, ...] = ()

    @property
    def mean_context_tokens(self) -> float:
        """Context of a decode step in the mean: the prompt and half of the output."""
        return self.prompt_tokens + self.output_tokens / 2

    @property
    def cached_tokens(self) -> int:
        """Prompt tokens found in the prefix cache; the last one is always computed, as its logits are wanted."""
        return min(int(self.prompt_tokens * self.prefix_hit_fraction), self.prompt_tokens - 1)


def workload(
    *,
    context_tokens: int | None = None,
    prompt_tokens: int | None = None,
    output_tokens: int | None = None,
    concurrency: int | None = None,
    arrival: Arrival | None = None,
    prefix_hit_fraction: float | None = None,
    longest_context_tokens: int | None = None,
) -> Workload:
    """The workload with its gaps filled by the contract's rules; `ImpossibleValue` for what cannot be.

    `longest_context_tokens` is the model's own: where nobody states a context, a shorter one takes its place.
    """
    for name, value in (
        ("context_tokens", context_tokens),
        ("prompt_tokens", prompt_tokens),
        ("output_tokens", output_tokens),
    ):
        _check_range(name, value, MOST_TOKENS)
    _check_range("concurrency", concurrency, MOST_CONCURRENCY)
    hits = _checked_fraction(prefix_hit_fraction)
    assumptions: list[str] = []
    if prompt_tokens is None and output_tokens is None:
        context, prompt, output = _split_context(context_tokens, longest_context_tokens, assumptions)
    else:
        context, prompt, output = _from_lengths(context_tokens, prompt_tokens, output_tokens, assumptions)
    if prompt + output > context:
        raise ImpossibleValue(
            f"{prompt:,} prompt and {output:,} output tokens do not fit in a context of {context:,}",
            "raise the context or leave it out",
        )
    return Workload(
        context_tokens=context,
        prompt_tokens=prompt,
        output_tokens=output,
        concurrency=concurrency,
        arrival=arrival or "steady",
        prefix_hit_fraction=hits,
        assumptions=tuple(assumptions),
    )


def _split_context(
    context_tokens: int | None, longest_tokens: int | None, assumptions: list[str]
) -> tuple[int, int, int]:
    is_short = longest_tokens is not None and longest_tokens < DEFAULT_CONTEXT_TOKENS
    context = context_tokens or (longest_tokens if is_short else None) or DEFAULT_CONTEXT_TOKENS
    output = max(1, min(DEFAULT_OUTPUT_TOKENS, context // 8))
    prompt = max(1, context - output)
    if context_tokens is None:
        why = "the model's longest; none was given" if is_short else "none was given"
        assumptions.append(f"context of {context:,} tokens ({why})")
    assumptions.append(f"a request of {prompt:,} prompt and {output:,} output tokens (no lengths were given)")
    return max(context, prompt + output), prompt, output


def _from_lengths(
    context_tokens: int | None, prompt_tokens: int | None, output_tokens: int | None, assumptions: list[str]
) -> tuple[int, int, int]:
    if output_tokens is None:
        assert prompt_tokens is not None
        output_tokens = DEFAULT_OUTPUT_TOKENS if context_tokens is None else max(1, context_tokens - prompt_tokens)
        output_tokens = min(output_tokens, DEFAULT_OUTPUT_TOKENS)
        assumptions.append(f"{output_tokens:,} output tokens (none were given)")
    if prompt_tokens is None:
        context = context_tokens or DEFAULT_CONTEXT_TOKENS + output_tokens
        prompt_tokens = max(1, context - output_tokens)
        assumptions.append(f"{prompt_tokens:,} prompt tokens (none were given)")
    return context_tokens or prompt_tokens + output_tokens, prompt_tokens, output_tokens


def _checked_fraction(value: float | None) -> float:
    if value is not None and not 0 <= value <= 1:
        raise ImpossibleValue(f"a prefix-cache hit share of {value:g} cannot be", "give a share from 0 to 1")
    return value or 0.0


def _check_range(name: str, value: int | None, most: int) -> None:
    if value is not None and not 0 < value <= most:
        raise ImpossibleValue(f"{name} of {value:,} cannot be", f"give a number from 1 to {most:,}")
