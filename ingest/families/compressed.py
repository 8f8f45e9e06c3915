"""DeepSeek-V4: compressed attention, hyper-connections, experts in every layer.

Traps, with their witnesses: `compress_ratios` has one entry more than there are layers (the last is the
multi-token-prediction layer's) with the values 0, 4 and 128; there is no `intermediate_size`; the first
`num_hash_layers` route by token id, from a table that is a buffer.
"""

from typing import Final

from estimator.compressed_attention import CompressedAttention
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Anatomy, grouped
from ingest.families.decoder import headline
from ingest.families.networks import Experts, counted_shared

HEAVY: Final = 128
RATIOS: Final = frozenset({0, 4, HEAVY})
"""Published compressions: none, sparse with an indexer, heavy and read in full (DeepSeekV4Config)."""
EXPERTS: Final = Experts(shared=counted_shared("n_shared_experts"))


def deepseek_v4(config: ConfigReader) -> Anatomy:
    """The language model of DeepSeek-V4 Flash and Pro."""
    head = headline(config)
    ratios = read_ratios(config, head.num_hidden_layers)
    mixers = {ratio: _attention(config, ratio) for ratio in dict.fromkeys(ratios)}
    network = EXPERTS.network(config)
    streams = config.positive_int("hc_mult", at_most=64)
    mapping = (2 + streams) * streams
    hyper = 2 * (mapping * streams * head.hidden_size + mapping + 3)
    hashed = min(head.num_hidden_layers, config.count("num_hash_layers", default=3))
    embedding = head.vocab_size * head.hidden_size
    return Anatomy(
        headline=head,
        layers=grouped((mixers[ratio], network, 2 * head.hidden_size + hyper) for ratio in ratios),
        embedding_parameters=embedding,
        output_head_parameters=0 if head.tie_word_embeddings else embedding,
        other_parameters=head.hidden_size + streams * streams * head.hidden_size + streams + 1,
        buffer_parameters=hashed * head.vocab_size * network.num_experts_per_tok
        + (head.num_hidden_layers - hashed) * network.num_experts,
    )


def read_ratios(config: ConfigReader, layers: int) -> list[int]:
    """Tokens per latent in each layer, 0 for the window alone.

    Only the published spelling (`compress_ratios`) is read: no published file has any other to check against.
    """
    if not config.states("compress_ratios"):
        raise config.missing("compress_ratios")
    ratios = config.int_of_layer("compress_ratios", layers=layers)
    unknown = next((ratio for ratio in ratios if ratio not in RATIOS), None)
    if unknown is not None:
        raise config.unsupported("compress_ratios", unknown, "known are 0, 4 and 128")
    return ratios


def _attention(config: ConfigReader, ratio: int) -> CompressedAttention:
    hidden_size, head_dim = config.positive_int("hidden_size"), config.positive_int("head_dim")
    heads, rank = config.positive_int("num_attention_heads"), config.positive_int("q_lora_rank")
    output = config.positive_int("o_groups") * config.positive_int("o_lora_rank")
    matrices = hidden_size * rank + rank * heads * head_dim + hidden_size * head_dim
    matrices += output * (heads * head_dim // config.positive_int("o_groups")) + output * hidden_size
    vectors = heads + rank + head_dim
    is_sparse = 0 < ratio < HEAVY
    index = config.positive_int("index_head_dim") if is_sparse else 0
    if ratio:
        wide = 2 if is_sparse else 1
        matrices += 2 * hidden_size * wide * head_dim
        vectors += ratio * wide * head_dim + head_dim
    if is_sparse:
        index_heads = config.positive_int("index_n_heads")
        matrices += 4 * hidden_size * index + rank * index_heads * index + hidden_size * index_heads
        vectors += ratio * 2 * index + index
    return CompressedAttention(
        num_attention_heads=heads,
        head_dim=head_dim,
        side_window_tokens=config.positive_int("sliding_window"),
        matrix_parameters=matrices,
        vector_parameters=vectors,
        compression_ratio=ratio or None,
        index_head_dim=index,
        sparse_top_k=config.positive_int("index_topk") if is_sparse else None,
    )
