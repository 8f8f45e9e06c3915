"""Every architecture of llama.cpp that is read, and what no header states of it.

`traits` are facts of the architecture (biases, experts in each layer): the same for all its models. Where the fact is
a key of the header, it is read there. Source of the names: gguf-py, constants.py, MODEL_ARCH_NAMES; of the traits:
convert_hf_to_gguf.py, which says which classes of transformers become which architecture, and those classes.
"""

from collections.abc import Mapping
from typing import Any, Final

from ingest.gguf.particulars import (
    dbrx,
    deci,
    deepseek,
    ernie_moe,
    exaone,
    exaone4,
    experts_as_network,
    falcon,
    falcon_h1,
    gated_delta,
    gemma4,
    glm4_moe,
    gpt,
    granite_hybrid,
    granite_moe,
    hunyuan_moe,
    indexed,
    latent,
    lfm2,
    llama,
    llama4,
    mamba,
    mamba2,
    nemotron_h,
    olmo2,
)
from ingest.gguf.shape import Architecture

NO_BIAS: Final = {"attention_bias": False, "mlp_bias": False}
SLIDING: Final = "attention.sliding_window"
EXPERT_KEYS: Final = ("expert_count", "expert_used_count")
KV_HEADS: Final = frozenset({"num_key_value_heads"})
KV_HEADS_AND_WIDTH: Final = frozenset({"num_key_value_heads", "intermediate_size"})
QWEN_WINDOWS: Final[Mapping[str, Any]] = {"use_sliding_window": False}
QWEN3: Final[Mapping[str, Any]] = {"attention_bias": False, "use_sliding_window": False}
SPARSE: Final[Mapping[str, Any]] = {"decoder_sparse_step": 1, "mlp_only_layers": [], "attention_bias": False}

ARCHITECTURES: Final[Mapping[str, Architecture]] = {
    "apertus": Architecture(model_type="apertus", traits=NO_BIAS),
    "arcee": Architecture(model_type="arcee", traits=NO_BIAS),
    "baichuan": Architecture(model_type="baichuan", is_tied=False),
    "bloom": Architecture(model_type="bloom", is_tied=True, more=gpt),
    "chatglm": Architecture(model_type="glm", is_tied=False, traits={"attention_bias": True}),
    "cohere2": Architecture(model_type="cohere2", is_tied=True, traits=NO_BIAS, needs=(SLIDING,)),
    "command-r": Architecture(model_type="cohere", is_tied=True, traits={**NO_BIAS, "use_qk_norm": False}),
    "dbrx": Architecture(model_type="dbrx", is_tied=False, more=dbrx, needs=EXPERT_KEYS),
    "deci": Architecture(model_type="nemotron-nas", more=deci, may_vary=KV_HEADS_AND_WIDTH | {"num_attention_heads"}),
    "deepseek2": Architecture(
        model_type="deepseek_v2", is_tied=False, traits=NO_BIAS, more=deepseek, needs=EXPERT_KEYS, values_as_keys=False
    ),
    "dots1": Architecture(model_type="dots1", traits=NO_BIAS, needs=EXPERT_KEYS),
    "ernie4_5": Architecture(model_type="ernie4_5", traits={"use_bias": False}),
    "ernie4_5-moe": Architecture(
        model_type="ernie4_5_moe", traits={"use_bias": False}, more=ernie_moe, needs=EXPERT_KEYS
    ),
    "exaone": Architecture(model_type="exaone", more=exaone),
    "exaone4": Architecture(model_type="exaone4", more=exaone4),
    "falcon": Architecture(model_type="falcon", traits={"bias": False, "parallel_attn": True}, more=falcon),
    "falcon-h1": Architecture(
        model_type="falcon_h1", traits={**NO_BIAS, "mamba_conv_bias": True, "mamba_proj_bias": False}, more=falcon_h1
    ),
    "gemma": Architecture(model_type="gemma", is_tied=True, traits=NO_BIAS),
    "gemma2": Architecture(model_type="gemma2", is_tied=True, traits=NO_BIAS, needs=(SLIDING,)),
    "gemma3": Architecture(model_type="gemma3_text", is_tied=True, traits=NO_BIAS, needs=(SLIDING,)),
    "gemma4": Architecture(
        model_type="gemma4_text",
        is_tied=True,
        more=gemma4,
        needs=(SLIDING, "attention.sliding_window_pattern"),
        may_vary=KV_HEADS_AND_WIDTH,
    ),
    "glm-dsa": Architecture(
        model_type="glm_moe_dsa",
        is_tied=False,
        traits=NO_BIAS,
        more=indexed,
        needs=EXPERT_KEYS,
        values_as_keys=False,
    ),
    "glm4": Architecture(model_type="glm4", is_tied=False),
    "glm4moe": Architecture(
        model_type="glm4_moe", is_tied=False, traits={"attention_bias": True}, more=glm4_moe, needs=EXPERT_KEYS
    ),
    "gpt-oss": Architecture(
        model_type="gpt_oss", is_tied=False, more=experts_as_network, needs=(SLIDING, *EXPERT_KEYS)
    ),
    "gpt2": Architecture(model_type="gpt2", more=gpt),
    "gptneox": Architecture(model_type="gpt_neox", is_tied=False, traits={"attention_bias": True}),
    "granite": Architecture(model_type="granite", traits=NO_BIAS),
    "granitehybrid": Architecture(
        model_type="granitemoehybrid",
        traits={**NO_BIAS, "mamba_conv_bias": True, "mamba_proj_bias": False},
        more=granite_hybrid,
        may_vary=KV_HEADS,
    ),
    "granitemoe": Architecture(model_type="granitemoe", traits=NO_BIAS, more=granite_moe, needs=EXPERT_KEYS),
    "hunyuan-dense": Architecture(model_type="hunyuan_v1_dense", traits=NO_BIAS),
    "hunyuan-moe": Architecture(model_type="hunyuan_v1_moe", traits=NO_BIAS, more=hunyuan_moe, needs=EXPERT_KEYS),
    "internlm2": Architecture(model_type="internlm2", traits={"bias": False}),
    "lfm2": Architecture(model_type="lfm2", is_tied=True, traits={"conv_bias": False}, more=lfm2, may_vary=KV_HEADS),
    "lfm2moe": Architecture(
        model_type="lfm2_moe",
        is_tied=True,
        traits={"conv_bias": False},
        more=lfm2,
        needs=EXPERT_KEYS,
        may_vary=KV_HEADS,
    ),
    "llama": Architecture(model_type="llama", traits=NO_BIAS, more=llama),
    "llama4": Architecture(
        model_type="llama4_text",
        traits={"attention_bias": False, "attention_chunk_size": 8192},
        more=llama4,
        needs=EXPERT_KEYS,
    ),
    "mamba": Architecture(model_type="mamba", more=mamba),
    "mamba2": Architecture(model_type="mamba2", more=mamba2),
    "minicpm": Architecture(model_type="minicpm"),
    "minicpm3": Architecture(model_type="minicpm3", traits=NO_BIAS, more=latent, values_as_keys=False),
    "minimax-m2": Architecture(model_type="minimax_m2", is_tied=False, more=experts_as_network, needs=EXPERT_KEYS),
    "mistral3": Architecture(model_type="ministral3", traits=NO_BIAS),
    "nemotron": Architecture(model_type="nemotron", traits=NO_BIAS),
    "nemotron_h": Architecture(
        model_type="nemotron_h",
        traits={**NO_BIAS, "use_conv_bias": True, "mamba_proj_bias": False},
        more=nemotron_h,
        may_vary=KV_HEADS_AND_WIDTH,
    ),
    "nemotron_h_moe": Architecture(
        model_type="nemotron_h",
        traits={**NO_BIAS, "use_conv_bias": True, "mamba_proj_bias": False},
        more=nemotron_h,
        needs=EXPERT_KEYS,
        may_vary=KV_HEADS_AND_WIDTH,
    ),
    "olmo": Architecture(model_type="olmo", traits=NO_BIAS),
    "olmo2": Architecture(model_type="olmo2", traits=NO_BIAS, more=olmo2),
    "olmoe": Architecture(model_type="olmoe", traits=NO_BIAS, needs=EXPERT_KEYS),
    "phi2": Architecture(model_type="phi", is_tied=False, traits={"qk_layernorm": False}),
    "phi3": Architecture(model_type="phi3"),
    "phimoe": Architecture(
        model_type="phimoe", traits={"attention_bias": True, "lm_head_bias": True}, needs=EXPERT_KEYS
    ),
    "qwen2": Architecture(model_type="qwen2", traits=QWEN_WINDOWS),
    "qwen2moe": Architecture(
        model_type="qwen2_moe", traits={**SPARSE, "qkv_bias": True, **QWEN_WINDOWS}, needs=EXPERT_KEYS
    ),
    "qwen2vl": Architecture(model_type="qwen2_vl_text", traits=QWEN_WINDOWS),
    "qwen3": Architecture(model_type="qwen3", traits=QWEN3),
    "qwen35": Architecture(model_type="qwen3_5_text", traits={"attention_bias": False}, more=gated_delta),
    "qwen35moe": Architecture(model_type="qwen3_5_moe_text", traits=SPARSE, more=gated_delta, needs=EXPERT_KEYS),
    "qwen3moe": Architecture(model_type="qwen3_moe", traits={**SPARSE, **QWEN_WINDOWS}, needs=EXPERT_KEYS),
    "qwen3next": Architecture(model_type="qwen3_next", traits=SPARSE, more=gated_delta, needs=EXPERT_KEYS),
    "qwen3vl": Architecture(model_type="qwen3_vl_text", traits=QWEN3),
    "qwen3vlmoe": Architecture(model_type="qwen3_vl_moe_text", traits={**SPARSE, **QWEN_WINDOWS}, needs=EXPERT_KEYS),
    "seed_oss": Architecture(
        model_type="seed_oss",
        is_tied=False,
        traits={"attention_bias": True, "attention_out_bias": False, "mlp_bias": False},
    ),
    "smollm3": Architecture(model_type="smollm3", traits={**NO_BIAS, **QWEN_WINDOWS}),
    "starcoder2": Architecture(model_type="starcoder2", traits={"use_bias": True}),
    "xverse": Architecture(model_type="xverse"),
}

NOT_GENERATIVE: Final[Mapping[str, str]] = {
    "bert": "a text encoder",
    "clip": "the vision or audio projector of a model, in a file apart",
    "eurobert": "a text encoder",
    "gemma-embedding": "an embedding model",
    "jina-bert-v2": "a text encoder",
    "jina-bert-v3": "a text encoder",
    "llama-embed": "an embedding model",
    "modern-bert": "a text encoder",
    "neo-bert": "a text encoder",
    "nomic-bert": "a text encoder",
    "nomic-bert-moe": "a text encoder",
    "t5encoder": "a text encoder",
    "wavtokenizer-dec": "a speech decoder",
    "flux": "a diffusion model",
    "hidream": "a diffusion model",
    "lumina2": "a diffusion model",
    "qwen_image": "a diffusion model",
    "sd1": "a diffusion model",
    "sd3": "a diffusion model",
    "sdxl": "a diffusion model",
    "wan": "a diffusion model",
}
"""Architectures of files that generate no text, and what they are."""
