"""Small repositories for the loopback Hub: the keys that matter, each fact with its source.

Configs: the repository's own config.json, keys that do not bear on size left out. Sizes and parameter counts: the
Hub's model info (`?blobs=true`) where a source line says so; the rest is of our own making and says nothing about the
world.
"""

from __future__ import annotations

from typing import Any, Final

from tests.hub.repositories import HubFile, HubRepo, json_file, weights_file

README = HubFile(b"# A model card\n")

# Source: meta-llama/Llama-3.1-8B-Instruct, config.json; the model card for the gate.
LLAMA_3_1_8B: Final[dict[str, Any]] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}

# Source: Qwen/Qwen3-0.6B, config.json.
QWEN3_0_6B: Final[dict[str, Any]] = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}

# Source: openai-community/gpt2, config.json.
GPT2: Final[dict[str, Any]] = {
    "architectures": ["GPT2LMHeadModel"],
    "model_type": "gpt2",
    "n_embd": 768,
    "n_head": 12,
    "n_layer": 12,
    "n_positions": 1024,
    "vocab_size": 50257,
}

# The layout that NVIDIA's ModelOpt writes beside a config: nvidia/Llama-3.1-8B-Instruct-FP8, hf_quant_config.json.
MODELOPT_FP8: Final[dict[str, Any]] = {
    "producer": {"name": "modelopt"},
    "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8", "exclude_modules": ["lm_head"]},
}


def fixture_repos() -> list[HubRepo]:
    """Fresh repositories: one of each kind that a person may name."""
    return [*_models(), *_not_models(), *_closed()]


def _models() -> list[HubRepo]:
    return [
        HubRepo(
            "Qwen/Qwen3-0.6B",
            # Size and count: the Hub's model info of 2026-05-09.
            {
                "README.md": README,
                "config.json": json_file(QWEN3_0_6B),
                "model.safetensors": weights_file(1_503_300_328),
            },
            pipeline_tag="text-generation",
            library_name="transformers",
            tags=("transformers", "safetensors", "qwen3", "text-generation"),
            safetensors={"parameters": {"BF16": 751_632_384}, "total": 751_632_384},
            downloads=9_000_000,
        ),
        HubRepo(
            "openai-community/gpt2",
            {"README.md": README, "config.json": json_file(GPT2), "model.safetensors": weights_file(548_105_171)},
            pipeline_tag="text-generation",
            library_name="transformers",
            downloads=8_000_000,
            old_names=("gpt2",),
        ),
        HubRepo(
            "nvidia/Llama-3.1-8B-Instruct-FP8",
            {"config.json": json_file(LLAMA_3_1_8B), "hf_quant_config.json": json_file(MODELOPT_FP8)},
            library_name="Model Optimizer",
            tags=(
                "base_model:meta-llama/Llama-3.1-8B-Instruct",
                "base_model:quantized:meta-llama/Llama-3.1-8B-Instruct",
            ),
            downloads=100_000,
        ),
    ]


def _not_models() -> list[HubRepo]:
    base = {"base_model": "Qwen/Qwen3-0.6B"}
    quantized = ("gguf", "base_model:Qwen/Qwen3-0.6B", "base_model:quantized:Qwen/Qwen3-0.6B")
    return [
        HubRepo(
            "bartowski/Qwen_Qwen3-0.6B-GGUF",
            {"README.md": README, "Qwen_Qwen3-0.6B-Q4_K_M.gguf": weights_file(484_220_320)},
            tags=quantized,
            gguf={
                "total": 596_049_920,
                "architecture": "qwen3",
                "context_length": 40960,
                "chat_template": "long " * 1000,
            },
            card=base,
            downloads=50_000,
        ),
        HubRepo(
            "someone/qwen3-lora",
            {
                "adapter_config.json": json_file(
                    {"peft_type": "LORA", "base_model_name_or_path": "Qwen/Qwen3-0.6B", "r": 16}
                )
            },
            library_name="peft",
            tags=("peft", "base_model:adapter:Qwen/Qwen3-0.6B"),
            card=base,
        ),
        HubRepo(
            "studio/painter",
            {"model_index.json": json_file({"_class_name": "FluxPipeline"}), "transformer/config.json": json_file({})},
            pipeline_tag="text-to-image",
            library_name="diffusers",
        ),
        HubRepo(
            "someone/sentences",
            {"modules.json": json_file([]), "0_StaticEmbedding/model.safetensors": weights_file(1000)},
            pipeline_tag="sentence-similarity",
            library_name="sentence-transformers",
        ),
        HubRepo("someone/original", {"params.json": json_file({}), "consolidated.00.pth": weights_file(16_000)}),
        HubRepo("someone/empty", {".gitattributes": HubFile(b"*.bin filter=lfs\n")}),
    ]


def _closed() -> list[HubRepo]:
    return [
        HubRepo(
            "meta-llama/Llama-3.1-8B-Instruct",
            {
                "README.md": README,
                "config.json": json_file(LLAMA_3_1_8B),
                "model.safetensors": weights_file(16_060_522_496),
            },
            pipeline_tag="text-generation",
            library_name="transformers",
            safetensors={"parameters": {"BF16": 8_030_261_248}, "total": 8_030_261_248},
            gated="manual",
            downloads=7_000_000,
        ),
        HubRepo("acme/secret", {"config.json": json_file(QWEN3_0_6B)}, is_private=True),
        HubRepo("acme/withdrawn", {"config.json": json_file(QWEN3_0_6B)}, is_disabled=True),
    ]
