"""A repository that cannot be asked for, but whose name says what it repeats."""

import pytest

from ingest.catalogue import bundled_catalogue
from ingest.errors import HubUnavailable
from ingest.loader import Loader
from ingest.repo_ref import RepoRef
from ingest.reuploads import SameName, same_name

KNOWN = bundled_catalogue().repo_ids()


@pytest.mark.parametrize(
    ("repo_id", "base", "weights"),
    [
        ("unsloth/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct", None),
        ("RedHatAI/Qwen3-30B-A3B-NVFP4", "Qwen/Qwen3-30B-A3B", "nvfp4"),
        ("TheBloke/Mixtral-8x7B-Instruct-v0.1-GPTQ", "mistralai/Mixtral-8x7B-Instruct-v0.1", "int4"),
        ("unsloth/Qwen3-32B-bnb-4bit", "Qwen/Qwen3-32B", "nf4"),
        ("mlx-community/Qwen3-8B-4bit", "Qwen/Qwen3-8B", "int4"),
        ("hugging-quants/Meta-Llama-3.1-70B-Instruct-AWQ-INT4", "meta-llama/Llama-3.1-70B-Instruct", "int4"),
        ("RedHatAI/Meta-Llama-3.1-70B-Instruct-quantized.w8a8", "meta-llama/Llama-3.1-70B-Instruct", "int8"),
    ],
)
def test_a_copy_repeats_the_name_and_adds_its_format(repo_id: str, base: str, weights: str | None) -> None:
    assert same_name(RepoRef(repo_id), KNOWN) == SameName(base, weights)


@pytest.mark.parametrize(
    "repo_id",
    [
        "NousResearch/Hermes-3-Llama-3.1-8B",  # a word of its own
        "meta-llama/Llama-3.2-8B",  # the maker's own other size
        "deepseek-ai/DeepSeek-V3-Foo",
        "bartowski/Llama-3.1-8B-Instruct-GGUF",  # which of its files is not said
        "turboderp/Llama-3.1-8B-Instruct-exl2",  # a format of any width
        "someone/llama",
        "acme/foo",
    ],
)
def test_what_may_have_another_shape_is_not_guessed(repo_id: str) -> None:
    assert same_name(RepoRef(repo_id), KNOWN) is None


def test_a_revision_or_a_file_is_not_guessed() -> None:
    assert same_name(RepoRef("unsloth/Llama-3.1-8B-Instruct", revision="v2"), KNOWN) is None
    assert same_name(RepoRef("unsloth/Llama-3.1-8B-Instruct", file="a.gguf"), KNOWN) is None


def test_a_gguf_label_is_the_format() -> None:
    ref = RepoRef("bartowski/Llama-3.1-8B-Instruct-GGUF", quantization="Q4_K_M")
    assert same_name(ref, KNOWN) == SameName("meta-llama/Llama-3.1-8B-Instruct", "q4_k_m")


def test_the_answer_says_that_the_repository_was_not_read() -> None:
    found = Loader().load("unsloth/Qwen3-32B-bnb-4bit")
    assert (found.name, found.spec.weights.name) == ("Qwen/Qwen3-32B", "nf4")
    assert "unsloth/Qwen3-32B-bnb-4bit was not read" in found.warnings[-1]


def test_without_such_a_name_the_error_stays() -> None:
    with pytest.raises(HubUnavailable, match="acme/foo"):
        Loader().load("acme/foo")
