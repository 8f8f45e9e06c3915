"""params.json, the makers' own layout of Mistral and of Meta's Llama -> a config in transformers' words.

Every key is either read, or known to change no size, or refused by name: a key that is passed over in silence could
be a tower or another kind of attention. Source: mistral-inference, args.py and vllm's mistral config adapter for
Mistral's keys; meta-llama/llama, model.py, for `multiple_of` and `ffn_dim_multiplier`.
"""

from collections.abc import Mapping
from typing import Any, Final

from ingest.config_reader import ConfigReader, Trace
from ingest.errors import UnsupportedArchitecture

PARAMS: Final = "params.json"
Config = dict[str, Any]

RENAMED: Final[Mapping[str, str]] = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "hidden_dim": "intermediate_size",
    "vocab_size": "vocab_size",
    "tied_embeddings": "tie_word_embeddings",
    "sliding_window": "sliding_window",
    "max_position_embeddings": "max_position_embeddings",
    "max_seq_len": "max_position_embeddings",
}
REQUIRED: Final = ("dim", "n_layers", "n_heads", "vocab_size")
SIZELESS: Final = frozenset(
    {"norm_eps", "rope_theta", "rope_scaling", "use_scaled_rope", "model_type", "max_batch_size", "yarn", "causal"}
    | {"use_biases", "model_parallel_size", "rope_scale", "rope_scaling_factor", "original_rope_theta"}
    | {"llama_4_scaling", "dtype", "torch_dtype", "ragged_attention"}
)
"""Keys that change no size (`use_biases` must be false)."""
READ: Final = frozenset({*RENAMED, "moe", "quantization", "vision_encoder", "multiple_of", "ffn_dim_multiplier"})
EXPERTS: Final = frozenset({"num_experts", "num_experts_per_tok"})
VISION: Final = frozenset(
    {"hidden_size", "num_channels", "image_size", "max_image_size", "patch_size", "rope_theta", "intermediate_size"}
    | {"num_hidden_layers", "num_attention_heads", "image_token_id", "adapter_bias", "image_break_token_id"}
    | {"image_end_token_id"}
)


def config_of_params(params: Mapping[str, Any], label: str) -> Config:
    """The config that a params.json describes; `UnsupportedArchitecture` naming the key that is not understood."""
    _refuse_unknown(params, label)
    reader = ConfigReader(params, Trace(f"{label}/{PARAMS}"))
    config: Config = {"sliding_window": None, "tie_word_embeddings": False}
    config.update({theirs: params[ours] for ours, theirs in RENAMED.items() if params.get(ours) is not None})
    config["num_key_value_heads"] = params.get("n_kv_heads") or reader.positive_int("n_heads")
    config["head_dim"] = params.get("head_dim") or reader.positive_int("dim") // reader.positive_int("n_heads")
    config["vocab_size"] = reader.positive_int("vocab_size")
    config["intermediate_size"] = _network_width(reader)
    config.update(_kind(reader))
    config.update(_quantization(reader))
    return _with_vision(config, reader)


def _refuse_unknown(params: Mapping[str, Any], label: str) -> None:
    missing = next((key for key in REQUIRED if params.get(key) is None), None)
    unknown = next((key for key in params if key not in READ | SIZELESS and params[key] is not None), None)
    if missing is not None:
        raise _unsupported(label, f"no {missing}")
    if unknown is not None:
        raise _unsupported(label, f"{str(unknown)[:60]!r} is not understood")
    if params.get("use_biases"):
        raise _unsupported(label, "use_biases is not understood")


def _unsupported(label: str, why: str) -> UnsupportedArchitecture:
    return UnsupportedArchitecture(
        f"{label}/{PARAMS}: {why}", "name its transformers version, often the same name with -hf"
    )


def _network_width(reader: ConfigReader) -> int:
    """The stated width; else Meta's: two thirds of 4 x dim, times a factor, rounded up to a multiple."""
    if reader.states("hidden_dim") or not reader.states("multiple_of"):
        return reader.positive_int("hidden_dim")
    multiple = reader.positive_int("multiple_of")
    width = int(int(8 * reader.positive_int("dim") / 3) * reader.number("ffn_dim_multiplier", default=1.0))
    return multiple * max(1, -(-width // multiple))


def _kind(reader: ConfigReader) -> Config:
    moe = reader.optional_section("moe")
    if moe is None:
        return {"model_type": "mistral", "architectures": ["MistralForCausalLM"]}
    _refuse_beyond(reader, "moe", EXPERTS, "experts of another kind than Mixtral's")
    return {
        "model_type": "mixtral",
        "architectures": ["MixtralForCausalLM"],
        "num_local_experts": moe.positive_int("num_experts"),
        "num_experts_per_tok": moe.positive_int("num_experts_per_tok"),
    }


def _refuse_beyond(reader: ConfigReader, section: str, known: frozenset[str], why: str) -> None:
    """An error for the first key of a section that is not among the known ones."""
    values = reader.raw(section)[1]
    unknown = next((key for key, value in values.items() if key not in known and value is not None), None)
    if unknown is not None:
        raise reader.unsupported(section, unknown, why)


def _quantization(reader: ConfigReader) -> Config:
    section = reader.optional_section("quantization")
    if section is None:
        return {"torch_dtype": "bfloat16"}
    if section.text("qformat_weight", default="") != "fp8_e4m3":
        raise reader.unsupported("quantization", section.raw("qformat_weight")[1], "only fp8_e4m3 is known")
    return {"torch_dtype": "bfloat16", "quantization_config": {"quant_method": "fp8", "activation_scheme": "static"}}


def _with_vision(config: Config, reader: ConfigReader) -> Config:
    """Pixtral's tower and its two layers, as transformers' Llava has them."""
    tower = reader.optional_section("vision_encoder")
    if tower is None:
        return config
    _refuse_beyond(reader, "vision_encoder", VISION, "a tower of another kind than Pixtral's")
    vision = {key: tower.raw(key)[1] for key in ("hidden_size", "intermediate_size", "num_hidden_layers")}
    vision |= {key: tower.raw(key)[1] for key in ("num_attention_heads", "image_size", "patch_size")}
    text = {key: value for key, value in config.items() if key not in {"quantization_config", "architectures"}}
    whole = {key: value for key, value in config.items() if key == "quantization_config"}
    return {
        **whole,
        "model_type": "llava",
        "architectures": ["LlavaForConditionalGeneration"],
        "text_config": text,
        "vision_config": {"model_type": "pixtral", **vision},
        "vision_feature_layer": -1,
        "multimodal_projector_bias": tower.boolean("adapter_bias", default=True),
    }
