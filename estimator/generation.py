"""One step of generation: a plain decode step, or one that checks drafted tokens and has the next ones drafted.

    check  = the decode step with k + 1 tokens of each sequence: products, experts and links grow with them, weights
             and cache are read once
    draft  = k decode steps of the drafter, over the same GPUs of one stage
    a token's time = (check + draft) / tokens a step

Where products or experts bind, drafting costs more than it brings: at large batches the answer may be slower with it.
Source: arXiv:2211.17192, theorem 3.8, with the costs of this estimator in place of its single ratio c.
"""

from dataclasses import fields

from estimator.deployment import Deployment
from estimator.step import StepTime, decode_step, roofline_step_s


def generation_step(d: Deployment, batch: float, context_tokens: float, *, is_saturated: bool = False) -> StepTime:
    """The step that yields `d.tokens_per_step` tokens for each of `batch` sequences."""
    if d.speculation is None:
        return decode_step(d, batch, context_tokens, is_saturated=is_saturated)
    drafted = d.speculation.tokens
    check = decode_step(d, batch, context_tokens, is_saturated=is_saturated, tokens_each=drafted + 1)
    if d.drafter is None:
        return check
    draft = decode_step(d.drafter, batch, context_tokens, is_saturated=is_saturated)
    return StepTime(**{f.name: getattr(check, f.name) + drafted * getattr(draft, f.name) for f in fields(StepTime)})


def roofline_token_s(d: Deployment, batch: float, context_tokens: float) -> float:
    """A lower bound of a token's time: the roofline of a step, drafts not counted, over the tokens that it yields."""
    return roofline_step_s(d, batch, context_tokens) / d.tokens_per_step
