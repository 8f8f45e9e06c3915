"""Models of the tests: a few real shapes written out from their config.json, and the bundled catalogue's."""

from functools import cache
from typing import Final

from estimator.attention import GroupedQueryAttention, LatentAttention
from estimator.feedforward import DenseFeedForward, FeedForward, MixtureOfExperts
from estimator.model_spec import Headline, LayerGroup, ModelSpec
from estimator.recurrence import Recurrence
from ingest.loader import Loader

_LOADER: Final = Loader()


@cache
def bundled(repo_id: str) -> ModelSpec:
    """The spec of a bundled model: no network is asked."""
    return _LOADER.load(repo_id).spec


def llama(
    *,
    layers: int = 32,
    hidden_size: int = 4096,
    heads: int = 32,
    kv_heads: int = 8,
    intermediate_size: int = 14336,
    vocab_size: int = 128256,
    window_tokens: int | None = None,
) -> ModelSpec:
    """A dense model; as it stands, Llama-3.1-8B (config.json of meta-llama/Llama-3.1-8B)."""
    mixer = GroupedQueryAttention(
        hidden_size=hidden_size,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=hidden_size // heads,
        window_tokens=window_tokens,
    )
    network = DenseFeedForward(hidden_size=hidden_size, intermediate_size=intermediate_size)
    group = LayerGroup(count=layers, mixer=mixer, feed_forward=network, other_parameters=2 * hidden_size)
    return _spec("llama", (group,), hidden_size, vocab_size, heads=heads, kv_heads=kv_heads)


def mixtral(*, experts: int = 8, top_k: int = 2, intermediate_size: int = 14336) -> ModelSpec:
    """A mixture of experts; as it stands, Mixtral-8x7B (config.json of mistralai/Mixtral-8x7B-v0.1)."""
    mixer = GroupedQueryAttention(hidden_size=4096, num_attention_heads=32, num_key_value_heads=8, head_dim=128)
    network = MixtureOfExperts(
        num_experts=experts,
        num_experts_per_tok=top_k,
        expert_hidden_size=4096,
        expert_intermediate_size=intermediate_size,
        router_parameters=4096 * experts,
    )
    group = LayerGroup(count=32, mixer=mixer, feed_forward=network, other_parameters=2 * 4096)
    return _spec("mixtral", (group,), 4096, 32000, heads=32, kv_heads=8)


def latent(*, layers: int = 27) -> ModelSpec:
    """Latent attention without experts: the attention of DeepSeek-V2-Lite (its config.json), a dense network."""
    mixer = LatentAttention(
        hidden_size=2048,
        num_attention_heads=16,
        q_lora_rank=None,
        kv_lora_rank=512,
        qk_nope_head_dim=128,
        qk_rope_head_dim=64,
        v_head_dim=128,
        vector_parameters=512,
    )
    network = DenseFeedForward(hidden_size=2048, intermediate_size=10944)
    group = LayerGroup(count=layers, mixer=mixer, feed_forward=network, other_parameters=2 * 2048)
    return _spec("deepseek_v2", (group,), 2048, 102400, heads=16, kv_heads=16)


def hybrid() -> ModelSpec:
    """One full layer in four beside gated delta rules, in the widths of Qwen3-Next (its config.json), dense."""
    full = GroupedQueryAttention(hidden_size=2048, num_attention_heads=16, num_key_value_heads=2, head_dim=256)
    delta = Recurrence(
        kind="gated_delta_net",
        matrix_parameters=2048 * (12288 + 64) + 4096 * 2048,
        vector_parameters=4 * 8192,
        recurrent_state_elements=32 * 128 * 128,
        conv_state_elements=4 * 8192,
        num_heads=32,
    )
    network = DenseFeedForward(hidden_size=2048, intermediate_size=5120)
    groups = (
        LayerGroup(count=36, mixer=delta, feed_forward=network, other_parameters=2 * 2048),
        LayerGroup(count=12, mixer=full, feed_forward=network, other_parameters=2 * 2048),
    )
    return _spec("qwen3_next", groups, 2048, 151936, heads=16, kv_heads=2)


def _spec(
    model_type: str, groups: tuple[LayerGroup, ...], hidden_size: int, vocab_size: int, *, heads: int, kv_heads: int
) -> ModelSpec:
    first = next(group.feed_forward for group in groups)
    return ModelSpec(
        repo_id=f"tests/{model_type}",
        model_type=model_type,
        headline=Headline(
            hidden_size=hidden_size,
            num_hidden_layers=sum(group.count for group in groups),
            vocab_size=vocab_size,
            intermediate_size=_width(first),
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
            head_dim=hidden_size // heads,
            max_position_embeddings=131072,
        ),
        layers=groups,
        embedding_parameters=vocab_size * hidden_size,
        output_head_parameters=vocab_size * hidden_size,
        other_parameters=hidden_size,
    )


def _width(network: FeedForward | None) -> int | None:
    return network.intermediate_size if isinstance(network, DenseFeedForward) else None


SHAPES: Final = {"dense": llama(), "experts": mixtral(), "latent": latent(), "hybrid": hybrid()}
"""One model of each kind, for statements that hold of all of them."""
