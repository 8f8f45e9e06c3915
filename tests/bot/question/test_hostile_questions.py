"""Questions once read wrongly in silence: names that were split, numbers and words that vanished."""

import pytest

from bot.question import Query, QuestionError, parse

WHOLE = [
    ("Qwen/Foo on h100", "Qwen/Foo"),
    ("google-bert/bert-base-uncased", "google-bert/bert-base-uncased"),
    ("google-bert/bert-base-uncased on h100", "google-bert/bert-base-uncased"),
    ("QwenLM/Qwen3-8B on h100", "QwenLM/Qwen3-8B"),
    ("nvidia/Llama-3_3-Nemotron-Super-49B-v1 on 2 h100", "nvidia/Llama-3_3-Nemotron-Super-49B-v1"),
    ("foo/bar on h100", "foo/bar"),
    ("will foo/bar fit on h100?", "foo/bar"),
    ("john/mymodel", "john/mymodel"),
    ("acme/nothing", "acme/nothing"),
    ("bert/foo", "bert/foo"),
    ("foo/bar@main", "foo/bar@main"),
    ("https://huggingface.co/foo/bar", "foo/bar"),
    ("is https://huggingface.co/foo/bar ok for h100", "foo/bar"),
    ("https://huggingface.co/foo/bar/tree/v2 on h100", "foo/bar@v2"),
    ("<https://hf.co/foo/bar> on h100", "foo/bar"),
    ("vllm serve https://huggingface.co/foo/bar on h100", "foo/bar"),
    ("/data/x", "/data/x"),
    ("/data/x on h100", "/data/x"),
    ("./x on h100 at 8k", "./x"),
    ("./My-Model/Foo fp8 on h100", "./My-Model/Foo"),
    ("./Qwen3-8B on h100", "./Qwen3-8B"),
    ("will ../m/config.json fit on h100?", "../m/config.json"),
    ("~/models/Foo on a100", "~/models/Foo"),
]


@pytest.mark.parametrize(("text", "typed"), WHOLE, ids=[text for text, _ in WHOLE])
def test_a_repository_or_a_path_is_kept_whole(text: str, typed: str) -> None:
    query = parse(text)
    assert query.models == (typed.lower(),)
    assert query.models_as_typed == (typed,)


NO_REPOSITORIES = (
    "qwen3-8b on h100/a100",
    "qwen3-8b on h100, 1k/1k",
    "qwen3-8b on h100 24/7, 20 tok/s",
    "qwen3-8b with and/or without prefill/decode on h100",
    "qwen3-8b fp8/int4 on h100",
    "qwen3-8b with vllm/sglang on h100",
    "qwen3-8b on rocm/mi210",
    "qwen3-8b: cpu/gpu, input/output, text/image, multi-gpu/multi-node",
    "qwen3-8b, see org/repo#123",
)


@pytest.mark.parametrize("text", NO_REPOSITORIES)
def test_words_that_a_slash_joins_are_no_repository(text: str) -> None:
    assert parse(text).models == ("qwen3-8b",)


def test_a_pair_beside_a_model_is_taken_or_said() -> None:
    assert parse("compare my-org/my-finetune-v2 and qwen3-8b on h100").models[0] == "my-org/my-finetune-v2"
    assert "acme/nothing" in said(parse("compare acme/nothing and qwen3-8b on h100"))


def test_two_models_and_two_versions_stay_two() -> None:
    assert parse("deepseek v3/r1 on 8xh200").models == ("deepseek-v3", "deepseek-r1")
    assert parse("llama3/qwen3 on h100").models == ("llama3", "qwen3")


def said(query: Query) -> str:
    return " ".join(query.suggestions).lower()


def test_which_model_for_two_things_names_none() -> None:
    assert parse("which model for coding/chat on a 4090?").models == ()


@pytest.mark.parametrize("text", ["and/or on h100", "tokens/s on h100", "/ on h100"])
def test_prose_alone_is_no_model(text: str) -> None:
    with pytest.raises(QuestionError):
        parse(text)


REFUSED = (
    "at 1e30 tokens",
    "context 1e9",
    "context -5",
    "input 1e12",
    "1000000000000000 context",
    "123456789012345 users",
    "-5 users",
    "0.5 users",
    "1 billion users",
    "-64 concurrent",
    "batch size -1",
    "ttft under -1 s",
    "ttft under 0 s",
    "tpot < -5 ms",
    "at least -5 tok/s",
    "tp99999999",
    "tp999999999999",
    "tp=-2",
    "at 0.5 tokens",
    "for infinity users",
    "with nan context",
    "on 1.5 gpus",
    "on -2 gpus",
    "gpu-memory-utilization=1.5",
    "--max-num-seqs 0",
    "--max-model-len -7",
    "--max-model-len 1e9",
    "--gpu-memory-utilization 0",
    "--gpu-memory-utilization 1.5",
    "--tensor-parallel-size 0",
)


@pytest.mark.parametrize("words", REFUSED)
def test_a_number_that_cannot_be_is_refused(words: str) -> None:
    with pytest.raises(QuestionError) as refused:
        parse(f"llama-3.1-8b on h100 {words}")
    assert refused.value.hint


@pytest.mark.parametrize(
    "machine", ["2.5xh100", "2.5 x h100", "0gb h100", "h100 0gb", "100000gb h100", "-2 h100", "1e9 h100"]
)
def test_a_machine_that_cannot_be_is_refused(machine: str) -> None:
    with pytest.raises(QuestionError) as refused:
        parse(f"llama-3.1-8b on {machine}")
    assert "h100" in refused.value.message


@pytest.mark.parametrize("count", ["x 2.5", "x -2", "* 1.5"])
def test_a_count_after_a_card_is_whole_and_above_zero(count: str) -> None:
    with pytest.raises(QuestionError) as refused:
        parse(f"llama-3.1-8b on h100 {count}")
    assert count in refused.value.message


SAID = (
    ("on h100 at 32K and 64K", "65,536"),
    ("on h100 with 10 users and 20 users", "20"),
    ("on h100 512gb", "512 gb"),
    ("on 1.5 h100", "1.5"),
    ("q9_k on h100", "q9_k"),
    ("q4_zz on h100", "q4_k_m"),
    ("on zorg9000", "zorg9000"),
    ("on h100 engine foo", "foo"),
    ("on h100 with engine=foo", "foo"),
    ("on a potato", "potato"),
    ("on potato", "potato"),
    ("on h100 12345678901234567890", "12345678901234567890"),
    ("on h100 --max-model-len 0", "max-model-len"),
    ("on h100 --max-model-len -1", "max-model-len"),
    ("on h100 --max-num-seqs lots", "lots"),
    ("on h100 with 3 replicas", "3 replicas"),
    ("on h100 at 70 degrees", "70 degrees"),
    ("on h100 with eagle3", "speculative"),
    ("on h100 with prefix caching", "prefix cache"),
    ("on a laptop 5090 and h100", "laptop"),
    ("on half an h100", "half"),
    ("on h100 for $5000", "per hour"),
)


@pytest.mark.parametrize(("words", "word"), SAID)
def test_what_is_dropped_is_said(words: str, word: str) -> None:
    assert word in said(parse(f"llama-3.1-8b {words}"))


@pytest.mark.parametrize(
    "words",
    [
        "on h100 with vllm engine",
        "on h100 with engine vllm",
        "on a gpu",
        "q4_k_m on h100",
        "on h100 --max-model-len auto",
        "on 2x h100 at 8k, 8k context",
        "on h100 tp-1",
    ],
)
def test_what_is_understood_is_not_quoted_back(words: str) -> None:
    assert said(parse(f"llama-3.1-8b {words}")) == ""


def test_numbers_in_other_dress_are_the_same_numbers() -> None:
    assert parse("llama-3.1-8b on h100 context 1e4").context_tokens == 10_000
    assert parse("llama-3.1-8b on h100 for 2 thousand users").concurrency == 2_000
    assert parse("llama-3.1-8b on h100 for 1.5k users").concurrency == 1_536


def test_a_dash_before_a_split_is_no_minus_sign() -> None:
    parallel = parse("llama-3.1-8b on h100 tp-8").parallel
    assert parallel is not None
    assert parallel.tensor == 8


@pytest.mark.parametrize(
    ("words", "memory_gb"),
    [
        ("fit in 24gb", 24),
        ("on 16gb", 16),
        ("on 64gb mac", 64),
        ("within 7.5 GB of vram", 7.5),
        ("with 2x24GB gpus", 48),
        ("on a 24 GB card at 8k", 24),
        ("fit in 1024 gb", 1024),
        ("on a 3090 with 64gb ram", None),
        ("on h100 80gb", None),
        ("on h100", None),
        ("with 64 GB of ram", None),
    ],
)
def test_a_memory_without_a_card_is_kept(words: str, memory_gb: float | None) -> None:
    query = parse(f"will llama-3.1-70b {words}?")
    assert query.fits_in_gb == memory_gb
    assert query.to_json()["fits_in_gb"] == memory_gb
    assert bool(memory_gb) is ("memory only" in said(query))


@pytest.mark.parametrize("memory", ["0 gb", "0gb", "9999999 gb"])
def test_a_memory_that_no_card_has_is_refused(memory: str) -> None:
    with pytest.raises(QuestionError):
        parse(f"will llama-3.1-70b fit in {memory}?")


def test_a_list_of_paths_is_no_question() -> None:
    with pytest.raises(QuestionError) as refused:
        parse("llama-3.1-8b on h100 " + "a/b " * 200)
    assert "slashes" in refused.value.message
