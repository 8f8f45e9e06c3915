"""The words of the trade: families, formats, engines, numbers and the words that name nothing.

One table each, so that a new family is one word here. Sources: the model types of transformers 5.23 and the
organisations of the shared corpus for families; `research/questions.md` for spellings.
"""

from collections.abc import Mapping
from typing import Final


def word_set(words: str) -> frozenset[str]:
    """The words of a table, written as a line of text."""
    return frozenset(words.split())


FAMILIES: Final = word_set(
    "llama llama2 llama3 codellama tinyllama openllama mistral mixtral ministral codestral devstral magistral "
    "pixtral voxtral mathstral leanstral gemma medgemma codegemma shieldgemma recurrentgemma translategemma "
    "functiongemma embeddinggemma paligemma vaultgemma gemini gptoss gptj gptneox nemotron nemotronh minitron "
    "hymba granite olmo olmoe olmoh molmo tulu openelm grok grox deepseek janus qwen qwq qvq gte codeqwen glm "
    "chatglm codegeex cogvlm cogagent autoglm kimi moonlight moonshot minimax hunyuan baichuan internlm internvl "
    "skywork minicpm ernie longcat mimo telechat xverse aquila megrez pangu bailing codefuse "
    "keye kwaipilot ovis chatts bge jina step1x stepfun iquest falcon mpt dbrx jamba bloom bloomz stablelm "
    "stablecode exaone kanana hyperclovax plamo sarvam apertus lucie teuken eurollm salamandra lfm smollm "
    "smolvlm zamba mamba rwkv bamba hermes vicuna alpaca wizardlm wizardcoder wizardmath "
    "starcoder santacoder starchat zephyr openchat starling dolphin orca mythomax mythalion goliath airoboros "
    "guanaco redpajama pythia aya cohere c4ai arcee afm llava vila idefics blip instructblip fuyu moondream "
    "kosmos nanonets whisper parakeet vibevoice orpheus kokoro t5gemma flan ul2 bert "
    "roberta deberta modernbert electra distilbert xlnet gpt2 nomic mxbai ltx cogvideox mochi hidream sdxl cosmos "
    "deepcoder deepscaler deepcogito cogito sqlcoder phind acereason openthinker openreasoning reka inkling "
    "seedcoder sensenova"
)
"""Names that are a model's family wherever they stand."""

NUMBERED_FAMILIES: Final = word_set(
    "step yi phi opt ling ring e t command seed gpt wan flux dots arctic trinity claude k gemm nova rnj marco sd "
    "hcx ax intern solar yuan koala bagel canary dolly florence solaropen doubao palmyra nanbeige zaya talkie"
)
"""Names that are English words or letters too: a model only with a version, a size or a known second word."""

SECOND_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "gpt": frozenset({"oss", "j", "neo", "neox", "2", "4", "4o", "5"}),
    "command": frozenset({"r", "r+", "r7b", "a"}),
    "seed": frozenset({"oss", "coder"}),
    "step": frozenset({"3", "2"}),
    "dots": frozenset({"llm1", "ocr", "vlm1"}),
    "marco": frozenset({"o1"}),
    "phi": frozenset({"mini", "tiny"}),
    "sd": frozenset({"xl"}),
    "intern": frozenset({"s1"}),
    "solar": frozenset({"pro", "open"}),
    "k": frozenset(),
    "e": frozenset(),
    "t": frozenset(),
}
"""The second word that makes a numbered family a model: gpt-oss, command-r, seed-oss."""

GLUED_TO_FAMILY: Final = word_set(
    "v r k m n s x z o vl coder moe chat math audio omni next lm ocr guard prover code asr tts embed image "
    "instruct base vision video think max plus turbo flash mini"
)
"""What may follow a family's name without a dash: deepseekv3, qwenvl, deepseekr1."""

NAME_PREFIXES: Final = frozenset({"meta", "code", "tiny", "open", "nous", "deep", "c4ai"})
"""Words before a family that belong to its name: Meta Llama 3, Code Llama."""

SUFFIXES: Final = word_set(
    "instruct chat base coder code vl vision distill distilled thinking think lite mini small medium large next "
    "omni audio math moe hf preview exp reasoning reasoner speciale terminus lightning embedding reranker guard "
    "dense prover turbo it oss flash pro plus scout maverick nemo hybrid tiny micro zero sft dpo rl uncensored "
    "abliterated linear ocr captioner asr tts community behemoth text"
)
"""Words after a family that belong to its name, if they stand next to it."""

SUFFIXES_OF: Final[Mapping[str, frozenset[str]]] = {
    "nemotron": frozenset({"super", "ultra", "nano", "h", "v2", "v3"}),
    "glm": frozenset({"air", "airx", "z1", "v"}),
    "mimo": frozenset({"r"}),
    "command": frozenset({"r", "a", "r+", "plus"}),
    "gemini": frozenset({"ultra", "nano"}),
    "minimax": frozenset({"text"}),
    "kimi": frozenset({"dev"}),
    "deepseek": frozenset({"qwen", "llama", "qwen2.5", "llama3", "qwen3"}),
    "hunyuan": frozenset({"large"}),
    "qwen": frozenset({"max", "air"}),
    "longcat": frozenset({"flash"}),
    "intern": frozenset({"s1"}),
    "granite": frozenset({"h"}),
    "llama": frozenset({"nemotron", "super", "ultra"}),
    "gpt": frozenset({"oss", "neo", "neox", "j"}),
    "seed": frozenset({"oss"}),
    "dolphin": frozenset({"mixtral", "mistral", "llama", "qwen"}),
    "hermes": frozenset({"llama", "mixtral"}),
    "nemo": frozenset(),
}
"""More such words, of one family only: `air` after GLM, never after a MacBook."""

NOT_TEXT_AFTER: Final = frozenset({"attention", "attn", "infer", "mla", "decoding", "speculative", "max", "6000"})
"""After these a suffix word is part of something else: flash attention, RTX PRO 6000."""

ORGANISATIONS: Final = word_set(
    "01-ai alibaba-nlp amd baai bytedance-seed cohereforai coherelabs huggingfacetb lgai-exaone liquidai "
    "minimaxai minimax opengvlab qwen redhatai skywork thudm tencent tencent-hunyuan xiaomimimo ai21labs allenai "
    "baichuan-inc codellama databricks deepseek-ai deepseek google ibm-granite internlm meta-llama microsoft "
    "mistralai moonshotai mosaicml nvidia openai openbmb stabilityai stepfun-ai tiiuae xverse zai-org zai bigcode "
    "bigscience eleutherai facebook nousresearch unsloth thebloke bartowski lmstudio-community mlx-community "
    "neuralmagic casperhansen hugging-quants ubergarm gaunernst quanttrio cpatonn turboderp xai-org inclusionai "
    "baidu rednote-hilab upstage rwkv state-spaces togethercomputer wizardlmteam lmsys teknium "
    "cognitivecomputations ibm-ai-platform sgl-project nvidia-ai swiss-ai arcee-ai meituan-longcat kwaipilot "
    "openchat huggingfaceh4 gpt2 apple salesforce jinaai intfloat sentence-transformers rhymes-ai vikhrmodels "
    "speakleash aisingapore reducto"
)
"""Owners on the Hub that people type: `owner/name` is then a repository, whatever the name."""

ENGINES: Final[Mapping[str, str]] = {
    "vllm": "vllm",
    "sglang": "sglang",
    "sgl": "sglang",
    "tensorrt-llm": "trtllm",
    "tensorrtllm": "trtllm",
    "tensorrt llm": "trtllm",
    "tensorrt": "trtllm",
    "trt-llm": "trtllm",
    "trtllm": "trtllm",
    "trt llm": "trtllm",
    "trtllm-serve": "trtllm",
    "llama.cpp": "llama.cpp",
    "llamacpp": "llama.cpp",
    "llama cpp": "llama.cpp",
    "llama-cpp": "llama.cpp",
    "llama-cpp-python": "llama.cpp",
    "ik_llama.cpp": "llama.cpp",
    "llama-server": "llama.cpp",
    "llama-cli": "llama.cpp",
    "llama-bench": "llama.cpp",
    "llamafile": "llama.cpp",
    "ollama": "llama.cpp",
    "lm studio": "llama.cpp",
    "lmstudio": "llama.cpp",
    "koboldcpp": "llama.cpp",
}
"""Engines by the spellings of their names; ollama, LM Studio and koboldcpp run llama.cpp inside."""

OTHER_ENGINES: Final = word_set(
    "lmdeploy tgi exllama exllamav2 exllamav3 exllama2 tabbyapi aphrodite ktransformers mlc mlx mlx-lm "
    "transformers deepspeed lightllm mindie xinference fastchat openvino ipex-llm llm-scaler exo gpustack nim "
    "dynamo triton tensorrtllm_backend vllm-ascend vllm-metal omlx fastertransformer ctranslate2 bentoml openllm "
    "text-generation-inference llamaindex llama-index llama_index llama-factory llamafactory llama-stack "
    "llama-swap oobabooga aider"
)
"""Tools and engines without a model of their own here: never a model, and said when one is named."""

UNMODELLED_ENGINES: Final = word_set(
    "lmdeploy tgi exllama exllamav2 exllamav3 exllama2 tabbyapi aphrodite ktransformers mlc mlx mlx-lm deepspeed "
    "lightllm mindie exo"
)
"""Those of them that run models: the answer says that another engine was assumed."""

WEIGHT_FORMATS: Final[Mapping[str, str]] = {
    "bf16": "bf16",
    "bfloat16": "bf16",
    "fp16": "fp16",
    "float16": "fp16",
    "f16": "fp16",
    "half precision": "fp16",
    "full precision": "bf16",
    "fp32": "fp32",
    "float32": "fp32",
    "f32": "fp32",
    "fp8": "fp8",
    "float8": "fp8",
    "fp8_e4m3": "fp8",
    "fp8_e5m2": "fp8",
    "e4m3": "fp8",
    "w8a8_fp8": "fp8",
    "w8a8": "int8",
    "w8a8_int8": "int8",
    "w8a16": "int8",
    "int8": "int8",
    "experts_int8": "int8",
    "gptq-int8": "int8",
    "q8": "int8",
    "int4": "int4",
    "uint4": "int4",
    "w4a16": "int4",
    "w4a8": "int4",
    "awq": "int4",
    "awq_marlin": "int4",
    "gptq": "int4",
    "gptq_marlin": "int4",
    "gptq-int4": "int4",
    "awq-int4": "int4",
    "int4-awq": "int4",
    "int4-gptq": "int4",
    "awq-4bit": "int4",
    "gptq-4bit": "int4",
    "gptq-8bit": "int8",
    "autoround": "int4",
    "auto-round": "int4",
    "q4": "int4",
    "nf4": "nf4",
    "bnb-4bit": "nf4",
    "bnb": "nf4",
    "bitsandbytes": "nf4",
    "mxfp4": "mxfp4",
    "nvfp4": "nvfp4",
    "fp4": "nvfp4",
    "modelopt_fp4": "nvfp4",
    "q2": "q2_k",
    "q3": "q3_k_m",
    "q5": "q5_k_m",
    "q6": "q6_k",
}
"""Weight formats by spelling. A bare `q5` is its commonest GGUF type; `w8a8` without more is integer."""

BITS: Final[Mapping[str, str]] = {"4": "int4", "8": "int8", "16": "bf16", "32": "fp32"}
"""Formats known by their bits: `4 bit`, `8-bit`."""

NUMBER_WORDS: Final[Mapping[str, int]] = {
    "a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "dual": 2, "pair": 2, "double": 2, "couple": 2, "three": 3,
    "triple": 3, "four": 4, "quad": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "octa": 8, "nine": 9, "ten": 10,
    "twelve": 12, "sixteen": 16, "thirty-two": 32, "单": 1, "一": 1, "壹": 1, "双": 2, "两": 2, "二": 2, "俩": 2,
    "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
"""Counts in words, English and Chinese."""

MODELS_BY_SIZE: Final[Mapping[str, tuple[str, ...]]] = {
    "3b": ("qwen2.5-3b-instruct", "llama-3.2-3b-instruct"),
    "4b": ("qwen3-4b", "gemma-3-4b-it"),
    "7b": ("qwen2.5-7b-instruct", "mistral-7b-instruct-v0.3", "llama-2-7b-chat-hf"),
    "8b": ("llama-3.1-8b-instruct", "qwen3-8b"),
    "9b": ("gemma-2-9b-it", "glm-4-9b-chat"),
    "12b": ("gemma-3-12b-it",),
    "13b": ("llama-2-13b-chat-hf",),
    "14b": ("qwen3-14b", "phi-4"),
    "20b": ("gpt-oss-20b",),
    "24b": ("mistral-small-3.1-24b-instruct-2503",),
    "27b": ("gemma-3-27b-it", "qwen3.6-27b"),
    "30b": ("qwen3-30b-a3b",),
    "32b": ("qwen3-32b", "qwen2.5-32b-instruct"),
    "33b": ("deepseek-coder-33b-instruct",),
    "34b": ("yi-34b-chat", "codellama-34b-instruct-hf"),
    "40b": ("falcon-40b",),
    "65b": ("llama-65b",),
    "70b": ("llama-3.3-70b-instruct", "llama-3.1-70b-instruct"),
    "72b": ("qwen2.5-72b-instruct",),
    "80b": ("qwen3-next-80b-a3b-instruct",),
    "120b": ("gpt-oss-120b",),
    "180b": ("falcon-180b",),
    "235b": ("qwen3-235b-a22b",),
    "405b": ("llama-3.1-405b-instruct",),
    "671b": ("deepseek-v3", "deepseek-r1"),
}
"""Likely names where only a size was typed: offered, never taken."""

WEAK_REPO_STOP: Final = word_set(
    "and or input output in out client server workstation desktop hardware software silicon api "
    "compatible prefilling decoding chat completions training inference self-hosted on-prem multi-gpu multi-node "
    "single-node text image dev prod cpu gpu gpus token tokens tok toks t s sec second seconds min "
    "minute hour h yes no prefill decode read write i o w n a b tcp ip his her he she on off k v km day month req "
    "reqs request requests user users mtok usd ttft tpot itl memory compute vram ram host port http https latency "
    "throughput model models path to card cards quality price cost performance linux windows macos docker rocm "
    "cuda nvidia amd intel build bin src usr dev tmp var etc am pm bytes gb gib tb tp pp dp ep isl osl batch "
    "context etc false true us fr"
)
"""Halves of a slash pair that is no repository: and/or, tokens/s, CPU/GPU."""

HELP_WORDS: Final = word_set(
    "help usage hi hello hey howto ? -h --help start examples example commands 帮助 你好 你好吗 用法 menu"
)

TRAINING: Final = (
    "fine-tune",
    "finetune",
    "fine tune",
    "fine-tuning",
    "finetuning",
    "fine tuning",
    "qlora",
    "lora",
    "sft",
    "train",
    "training",
    "pretrain",
    "训练",
    "微调",
)
"""Words of training: only inference is estimated, and the answer says so."""
