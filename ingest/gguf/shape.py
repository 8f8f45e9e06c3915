"""A header's keys -> a config in transformers' words, for `normalize` to read as it reads any other.

Nothing is left to class defaults that the header can say: what llama.cpp derives where a key is absent is derived here
as there (one KV head a head, head width = hidden_size / heads; `llama-model.cpp`, load_hparams).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ingest.config_reader import MAX_LAYERS
from ingest.errors import MalformedConfig, UnsupportedArchitecture
from ingest.gguf.header import GgufHeader

Config = dict[str, Any]

COMMON: Final[Mapping[str, str]] = {
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "context_length": "max_position_embeddings",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.sliding_window": "sliding_window",
    "expert_count": "num_experts",
    "expert_used_count": "num_experts_per_tok",
    "expert_feed_forward_length": "moe_intermediate_size",
    "expert_shared_feed_forward_length": "shared_expert_intermediate_size",
    "expert_shared_count": "n_shared_experts",
    "leading_dense_block_count": "first_k_dense_replace",
}
"""What a key of the header is called in a config. Source: gguf-py, constants.py; llama.cpp, convert_hf_to_gguf.py."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one header, without their architecture's prefix, and the config made of the common ones."""

    header: GgufHeader
    label: str
    config: Config = field(default_factory=dict)

    def name(self, suffix: str) -> str:
        """The key as the file spells it."""
        return f"{self.header.architecture}.{suffix}"

    def get(self, suffix: str) -> Any:
        """The value, None where there is none; a list of one value over and over is that value."""
        value = self.header.values.get(self.name(suffix))
        if isinstance(value, list) and value and len(set(value)) == 1:
            return value[0]
        return value

    def integer(self, suffix: str) -> int:
        """A whole number from 1 that the file must state."""
        value = self.get(suffix)
        if value is None:
            raise self.missing(suffix)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
            raise self.malformed(suffix, value)
        return value

    def per_layer(self, suffix: str, layers: int) -> list[int]:
        """A whole number from 0 for each layer."""
        value = self.header.values.get(self.name(suffix))
        if value is None:
            raise self.missing(suffix)
        found = value if isinstance(value, list) else [value] * layers
        if len(found) < layers or not all(isinstance(item, int) and 0 <= item < 2**31 for item in found):
            raise self.malformed(suffix, value)
        return [int(item) for item in found[:layers]]

    def known(self, key: str) -> Any:
        """The value of a common key of the config, which this architecture cannot be without."""
        if key not in self.config:
            suffix = next((suffix for suffix, name in COMMON.items() if name == key), key)
            raise self.missing(suffix)
        return self.config[key]

    def missing(self, suffix: str) -> UnsupportedArchitecture:
        """The error for a key that is not there."""
        return UnsupportedArchitecture(
            f"{self.label}: the GGUF header has no {self.name(suffix)}", "name the model that the file was made from"
        )

    def malformed(self, suffix: str, value: object) -> MalformedConfig:
        """The error for a key with an impossible value."""
        return MalformedConfig(
            f"{self.label}: {self.name(suffix)} is {str(value)[:60]} in the GGUF header", "fetch the file again"
        )


More = Callable[[Keys], Config]
"""What an architecture's config has beyond the common keys."""


def nothing_more(_keys: Keys) -> Config:
    """No keys beyond the common ones."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """How an architecture of llama.cpp is read: as which model_type, and with which traits that no header states.

    `is_tied` is None where models of the architecture differ, and only the list of tensors tells.
    `may_vary` are the config's keys that may differ from layer to layer; another list is refused by its key.
    """

    model_type: str
    is_tied: bool | None = None
    traits: Mapping[str, Any] = field(default_factory=dict)
    more: More = nothing_more
    needs: tuple[str, ...] = ()
    may_vary: frozenset[str] = frozenset()
    values_as_keys: bool = True


def config_of(header: GgufHeader, row: Architecture, label: str) -> Config:
    """The config that the header describes, without `tie_word_embeddings` where only the tensors tell."""
    keys = Keys(header, label)
    for suffix in ("block_count", "embedding_length", *row.needs):
        if keys.get(suffix) is None:
            raise keys.missing(suffix)
    config = _common(keys, row)
    config.update(row.more(replace(keys, config=config)))
    if row.is_tied is not None:
        config.setdefault("tie_word_embeddings", row.is_tied)
    return config


def _common(keys: Keys, row: Architecture) -> Config:
    config: Config = {"model_type": row.model_type, "sliding_window": None, **row.traits}
    for suffix, key in COMMON.items():
        value = keys.get(suffix)
        if isinstance(value, list) and key not in row.may_vary:
            raise UnsupportedArchitecture(
                f"{keys.label}: {keys.name(suffix)} differs from layer to layer",
                "this architecture is known with like layers only; name the model that the file was made from",
            )
        if value is not None:
            config[key] = value
    config["num_hidden_layers"] = _layers(keys)
    config["num_nextn_predict_layers"] = keys.get("nextn_predict_layers") or 0
    config["vocab_size"] = _vocabulary(keys)
    config.update(_heads(keys, config, row))
    config.update(_windows(keys, config["num_hidden_layers"]))
    return config


def _layers(keys: Keys) -> int:
    """Layers that generate: llama.cpp counts those of multi-token prediction among its blocks."""
    blocks, ahead = keys.integer("block_count"), keys.get("nextn_predict_layers") or 0
    if blocks > MAX_LAYERS or not isinstance(ahead, int) or not 0 <= ahead < blocks:
        raise keys.malformed("block_count", f"{blocks} with {ahead} for prediction")
    return blocks - ahead


def _vocabulary(keys: Keys) -> int:
    """The stated size, else the number of tokens: the converter pads the list to the rows of the embedding."""
    if keys.get("vocab_size") is not None:
        return keys.integer("vocab_size")
    if keys.header.vocab_size is None:
        raise keys.missing("vocab_size")
    return keys.header.vocab_size


def _heads(keys: Keys, config: Config, row: Architecture) -> Config:
    heads = config.get("num_attention_heads")
    if not isinstance(heads, int) or isinstance(heads, bool) or heads < 1:
        return {}
    found: Config = {"num_key_value_heads": config.get("num_key_value_heads", heads)}
    width = keys.get("attention.key_length")
    found["head_dim"] = width if width is not None else keys.integer("embedding_length") // heads
    values = keys.get("attention.value_length")
    if row.values_as_keys and values is not None and values != found["head_dim"]:
        raise UnsupportedArchitecture(
            f"{keys.label}: {keys.name('attention.value_length')} {str(values)[:20]} is not the width of the keys",
            "this architecture is known with keys and values of one width",
        )
    return found


def _windows(keys: Keys, layers: int) -> Config:
    """Which layers slide, where the header lists them: one flag a layer, or every how many sees all."""
    stated = keys.header.values.get(keys.name("attention.sliding_window_pattern"))
    if isinstance(stated, list):
        slides = keys.per_layer("attention.sliding_window_pattern", layers)
        return {"layer_types": ["sliding_attention" if step else "full_attention" for step in slides]}
    if isinstance(stated, int) and not isinstance(stated, bool) and stated > 0:
        return {"sliding_window_pattern": stated}
    return {}
