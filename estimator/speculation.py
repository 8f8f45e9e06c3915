"""Speculative decoding as it is stated: how many tokens are drafted, how many of them are right, and who drafts.

    tokens a step = 1 + a + a^2 + ... + a^k = (1 - a^(k+1)) / (1 - a)

k drafted tokens, each accepted with the chance a if all before it were; the checking step adds one token of its own.
Numbers: k = 1 at a = 0.85 gives 1.85 (DeepSeek-V3's own layer, 0.85 to 0.90: arXiv:2412.19437, section 5.4.3);
k = 5 at 0.8 gives 3.69. Caveat: chances of neighbours are taken as independent and equal; later drafts are worse.
Source: Leviathan et al. 2023, arXiv:2211.17192, equation 1.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

from estimator.errors import ImpossibleValue
from estimator.model_spec import ModelSpec

Drafter = Literal["layer", "lookup"]
"""One more layer of the model's own shape (MTP, EAGLE), or a look-up in the text so far (n-grams), which costs none."""

MOST_DRAFTED_TOKENS: Final = 64
"""More than any engine drafts in a row: vLLM's and SGLang's examples stand between 1 and 16."""


@dataclass(frozen=True, slots=True)
class Speculation:
    """`tokens` drafted in a step, each right with the chance `acceptance` where all before it were.

    `drafter` is a model of its own where it is a spec.
    """

    tokens: int
    acceptance: float
    drafter: Drafter | ModelSpec = "layer"

    @property
    def tokens_per_step(self) -> float:
        """Tokens that a step yields in the mean, between 1 and one more than are drafted."""
        return sum(self.acceptance**place for place in range(self.tokens + 1))

    @property
    def drafter_name(self) -> str:
        """Who drafts, in words."""
        if isinstance(self.drafter, ModelSpec):
            return self.drafter.repo_id
        return {"layer": "one more layer of the model", "lookup": "n-grams of the text so far"}[self.drafter]


def check_speculation(speculation: Speculation) -> None:
    """`ImpossibleValue` for what no engine drafts."""
    if not 0 < speculation.tokens <= MOST_DRAFTED_TOKENS:
        raise ImpossibleValue(
            f"{speculation.tokens:,} drafted tokens cannot be", f"give a number from 1 to {MOST_DRAFTED_TOKENS}"
        )
    if not 0 <= speculation.acceptance <= 1:
        raise ImpossibleValue(
            f"an acceptance of {speculation.acceptance:g} cannot be", "give the share of drafted tokens kept, 0 to 1"
        )


def drafting_spec(spec: ModelSpec, speculation: Speculation) -> ModelSpec | None:
    """The model that drafts; None where nothing is loaded for it.

    A layer of the model's own drafts with the shape of its last attention layer and the model's output head. Its
    projection of two hidden states into one is left out: 2 x H^2 of some 12 x H^2 at most.
    """
    if isinstance(speculation.drafter, ModelSpec):
        return speculation.drafter
    if speculation.drafter == "lookup":
        return None
    attending = [group for group in spec.layers if group.mixer is not None and not group.mixer.is_recurrent]
    layer = replace((attending or list(spec.layers))[-1], count=1)
    headline = replace(spec.headline, num_hidden_layers=1)
    return replace(spec, headline=headline, layers=(layer,), encoder_layers=(), mtp_parameters=0)


def loaded_spec(spec: ModelSpec, speculation: Speculation | None) -> ModelSpec:
    """What lies in memory: the model, and the layers, embeddings and cache of whoever drafts for it.

    Engines bill a draft as layers more: Llama-3.1-8B with EAGLE holds the cache of 33 (memory.md, section 2, fact 6).
    A layer of the model's own shares its embedding and head.
    """
    draft = None if speculation is None else drafting_spec(spec, speculation)
    if draft is None:
        return spec
    layers = spec.headline.num_hidden_layers + draft.headline.num_hidden_layers
    both = replace(
        spec, headline=replace(spec.headline, num_hidden_layers=layers), layers=(*spec.layers, *draft.layers)
    )
    if speculation is not None and speculation.drafter == "layer":
        return both
    return replace(
        both,
        embedding_parameters=spec.embedding_parameters + draft.embedding_parameters,
        output_head_parameters=spec.output_head_parameters + draft.output_head_parameters,
        other_parameters=spec.other_parameters + draft.other_parameters,
    )
