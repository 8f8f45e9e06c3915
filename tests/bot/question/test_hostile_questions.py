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
