"""The sweet-spot batch, twice (LLM Inference Essentials).

*How many sequences must a step carry so that arithmetic takes as long as reading?*

**Take 1: weights alone.** A step computes two operations per parameter and sequence, and reads each parameter once.

    t_compute = 2 N B / peak      t_memory = N b / BW      batch* = peak b / (2 BW)

H100 NVL as printed, 1,671 TFLOPS and 3.9 TB/s, 16 bit: 1671e12 x 2 / (2 x 3.9e12) = 428, published as 430.
What fits caps it: (memory - N b) / bytes of one sequence.

**Take 2: attention and its cache too.** Per token at context S, per layer: projections, scores, gated feed-forward;
once: the unembedding. Bytes: all weights, and each sequence's cache.

    flops(B) = B x (layers x (4 H d (q + kv) + 4 S d q + 6 I H) + 2 H V)
    bytes(B) = 2 N + B x S d kv layers x 2 x 2
    batch*   solves flops / peak = bytes / BW

Llama-3.1-8B at 8,192 on that card: 83,886,080 + 134,217,728 + 352,321,536 per layer and 1,050,673,152 once are
19.3e9 FLOP; a sequence reads 1.07e9 bytes. A sequence so adds 275 us of reading and 12 us of computing: the equation
gives -16.75 with the published rounding to 16e9 + 1e9 B (-15.6 without it), that is, no batch at all.

Source: the article's arithmetic.
"""

from collections.abc import Mapping
from typing import Final

from estimator.errors import UnknownMethod
from estimator.methods.method import Input, Method, Result, Take
from estimator.methods.roofline import NO_CROSSOVER, bound
from estimator.units import GB

WEIGHT_BYTES: Final = 2
CACHE_BYTES: Final = 2


def _take_1(values: Mapping[str, float]) -> Result:
    batch, bandwidth, peak_flops = values["batch"], values["bandwidth"], values["peak_flops"]
    weights_bytes = values["parameters"] * values["bytes_per_parameter"]
    t_compute_s = 2 * values["parameters"] * batch / peak_flops
    t_memory_s = weights_bytes / bandwidth
    optimal_batch = peak_flops * values["bytes_per_parameter"] / (2 * bandwidth)
    return {
        "t_compute_s": t_compute_s,
        "t_memory_s": t_memory_s,
        "throughput_tokens_per_s": batch / (t_compute_s + t_memory_s),
        "optimal_batch": optimal_batch,
        "true_optimal_batch": _capped(
            optimal_batch, weights_bytes, values.get("memory"), values.get("bytes_per_sequence")
        ),
        "bound": bound(t_compute_s, t_memory_s),
    }


def _capped(
    optimal_batch: float, weights_bytes: float, memory: float | None, bytes_per_sequence: float | None
) -> float | None:
    """The optimal batch or what fits beside the weights; None where the memory is not given."""
    if memory is None and bytes_per_sequence is None:
        return None
    if memory is None or bytes_per_sequence is None:
        missing = "memory" if memory is None else "bytes_per_sequence"
        raise UnknownMethod(
            f"essentials needs {missing} to say what fits", "give memory and bytes_per_sequence together"
        )
    return min(optimal_batch, max(memory - weights_bytes, 0) / bytes_per_sequence)


def _take_2(values: Mapping[str, float]) -> Result:
    hidden_size, heads, kv_heads = (values[k] for k in ("hidden_size", "num_attention_heads", "num_key_value_heads"))
    head_dim, layers, context_tokens = (values[k] for k in ("head_dim", "num_hidden_layers", "context_tokens"))
    projection_flops = 4 * hidden_size * head_dim * (heads + kv_heads)
    score_flops = 4 * context_tokens * head_dim * heads
    feed_forward_flops = 6 * values["intermediate_size"] * hidden_size
    unembedding_flops = 2 * hidden_size * values["vocab_size"]
    sequence_flops = layers * (projection_flops + score_flops + feed_forward_flops) + unembedding_flops
    parameters = values.get("parameters") or parameters_of_shape(values)
    sequence_bytes = context_tokens * head_dim * kv_heads * layers * 2 * CACHE_BYTES
    weights_bytes = parameters * WEIGHT_BYTES
    intensity = values["peak_flops"] / values["bandwidth"]
    raw = _raw_crossover(weights_bytes, sequence_flops, sequence_bytes, intensity)
    rounded = _raw_crossover(round(weights_bytes / GB) * GB, sequence_flops, round(sequence_bytes / GB) * GB, intensity)
    has_crossover = raw is not None and raw > 0
    return {
        "attention_projection_flops": projection_flops,
        "attention_score_flops": score_flops,
        "feed_forward_flops": feed_forward_flops,
        "unembedding_flops": unembedding_flops,
        "total_flops": values["batch"] * sequence_flops,
        "bytes_moved": weights_bytes + values["batch"] * sequence_bytes,
        "parameters": parameters,
        "raw_crossover_batch": raw,
        "raw_crossover_batch_in_whole_gb": rounded,
        "optimal_batch": raw if has_crossover else None,
        "reason": None if has_crossover else NO_CROSSOVER,
    }


def parameters_of_shape(values: Mapping[str, float]) -> float:
    """Parameters of a dense model of that shape: both embeddings, projections and gated feed-forward, no norms."""
    hidden_size = values["hidden_size"]
    heads = 2 * (values["num_attention_heads"] + values["num_key_value_heads"])
    layer = hidden_size * values["head_dim"] * heads + 3 * hidden_size * values["intermediate_size"]
    return hidden_size * values["vocab_size"] * 2 + values["num_hidden_layers"] * layer


def _raw_crossover(
    weights_bytes: float, sequence_flops: float, sequence_bytes: float, flops_per_byte: float
) -> float | None:
    """The root of the linear equation, negative roots included; None where the two grow alike.

    >>> round(_raw_crossover(16e9, 19.3e9, 1e9, 1671e12 / 3.9e12), 2)
    -16.75
    """
    gain = sequence_flops / flops_per_byte - sequence_bytes
    return weights_bytes / gain if gain else None


_MACHINE: Final = (
    Input("peak_flops", "FLOP/s", "peak rate; sheets print the sparse double"),
    Input("bandwidth", "bytes/s", "memory bandwidth"),
    Input("batch", "sequences", "sequences in one step"),
)

ESSENTIALS: Final = Method(
    name="essentials",
    title="LLM Inference Essentials",
    source="the article's arithmetic; one formula per key in methods.md of the corpus",
    takes=(
        Take(
            (
                Input("parameters", "parameters", "all of the model"),
                Input("bytes_per_parameter", "bytes", "2 for 16 bit"),
                *_MACHINE,
                Input("memory", "bytes", "memory of the machine", is_optional=True),
                Input("bytes_per_sequence", "bytes", "cache of one sequence", is_optional=True),
            ),
            _take_1,
        ),
        Take(
            (
                Input("hidden_size", "elements", "width of the residual stream", is_whole=True),
                Input("head_dim", "elements", "width of one head", is_whole=True),
                Input("num_attention_heads", "heads", "query heads", is_whole=True),
                Input("num_key_value_heads", "heads", "key and value heads", is_whole=True),
                Input("intermediate_size", "elements", "width of the gated feed-forward", is_whole=True),
                Input("num_hidden_layers", "layers", "layers", is_whole=True),
                Input("vocab_size", "tokens", "rows of the unembedding", is_whole=True),
                Input("context_tokens", "tokens", "tokens in reach of each sequence"),
                *_MACHINE,
                Input("parameters", "parameters", "all of the model; else counted from the shape", is_optional=True),
            ),
            _take_2,
        ),
    ),
    where_wrong=(
        "1,671 and 1,979 TFLOPS are sparse peaks; dense is half, and so is the batch",
        "take 1 adds computation and movement, which overlap in practice",
        "weights and cache are 16 bit, every layer attends to the whole context, every weight is read",
    ),
)
