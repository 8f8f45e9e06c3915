"""Multi-head latent attention, with or without the indexer of DeepSeek sparse attention.

Traps, with their witnesses: `num_key_value_heads` and `head_dim` of such configs mean nothing for the cache
(DeepSeek-V3's class even sets head_dim = 64); `q_lora_rank: null` is a plain query projection (V2-Lite); GLM-5.2's
`indexer_types` gives "shared" layers neither index weights nor an index cache.
"""

from dataclasses import dataclass

from estimator.attention import LatentAttention, SparseIndexer
from ingest.config_reader import ConfigReader
from ingest.families.anatomy import Flag, LayerMixers, by_kind, flag


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # never compared: start-up counts
class Latent:
    """Traits of a family's latent attention. Called with a config, it gives the mixer of each layer."""

    bias: Flag = "attention_bias"
    has_indexer: bool = False
    derives_v_head_dim: bool = False
    head_gate: bool = False
    layers_key: str = "num_hidden_layers"

    def __call__(self, config: ConfigReader) -> LayerMixers:
        """The mixer of each layer."""
        layers = config.layer_count(self.layers_key)
        kinds = config.text_list("indexer_types") if self.has_indexer else None
        if kinds is None:
            kinds = ["full" if self.has_indexer else "none"] * layers
        elif len(kinds) < layers:
            raise config.malformed("indexer_types", f"{len(kinds)} entries", f"one for each of {layers} layers")
        return by_kind(kinds[:layers], lambda kind: self.mixer(config, kind))

    def value_width(self, config: ConfigReader) -> int | None:
        """Hidden_size / heads where the family derives it (MiniCPM3 states none)."""
        return config.positive_int("hidden_size") // config.positive_int("num_attention_heads") or None

    def mixer(self, config: ConfigReader, indexer: str = "none") -> LatentAttention:
        """One layer, with an indexer of its own ("full"), another layer's picks ("shared"), or none."""
        q_lora_rank = config.optional_int("q_lora_rank") or None
        kv_lora_rank = config.positive_int("kv_lora_rank")
        rope = config.count("qk_rope_head_dim")
        hidden_size = config.positive_int("hidden_size")
        vectors = kv_lora_rank + (q_lora_rank or 0)
        if flag(config, self.bias):
            vectors += kv_lora_rank + rope + hidden_size + (q_lora_rank or 0)
        index = None if indexer == "none" else read_indexer(config, has_weights=indexer == "full")
        return LatentAttention(
            hidden_size=hidden_size,
            num_attention_heads=config.positive_int("num_attention_heads"),
            q_lora_rank=q_lora_rank,
            kv_lora_rank=kv_lora_rank,
            qk_nope_head_dim=config.positive_int("qk_nope_head_dim"),
            qk_rope_head_dim=rope,
            v_head_dim=config.positive_int(
                "v_head_dim", default=self.value_width(config) if self.derives_v_head_dim else None
            ),
            extra_matrix_parameters=hidden_size * config.positive_int("num_attention_heads") if self.head_gate else 0,
            vector_parameters=vectors + (index.vector_parameters if index else 0),
            indexer=index,
        )


def read_indexer(config: ConfigReader, *, has_weights: bool) -> SparseIndexer:
    """The indexer: queries from the query latent, one key, a weight a head; its key's LayerNorm is a vector pair."""
    head_dim, heads = config.positive_int("index_head_dim"), config.positive_int("index_n_heads")
    hidden_size = config.positive_int("hidden_size")
    queries = (config.optional_int("q_lora_rank") or hidden_size) * heads * head_dim
    matrices = queries + hidden_size * (head_dim + heads)
    return SparseIndexer(
        head_dim=head_dim,
        num_heads=heads,
        top_k=config.positive_int("index_topk"),
        matrix_parameters=matrices if has_weights else 0,
        vector_parameters=2 * head_dim if has_weights else 0,
        has_cache=has_weights,
    )
