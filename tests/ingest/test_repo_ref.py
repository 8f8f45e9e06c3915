from __future__ import annotations

import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils._validators import validate_repo_id
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import IngestError, NotAGenerativeModel, UnknownModel
from ingest.repo_ref import RepoRef, is_commit, is_repo_id, parse_repo_ref

SHA = "5f0b02c75b57c5855da9ae460ce51323ea669d8a"


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("Qwen/Qwen3-8B", RepoRef("Qwen/Qwen3-8B")),
        ("  gpt2 ", RepoRef("gpt2")),
        ("Qwen/Qwen3-8B@v1.0", RepoRef("Qwen/Qwen3-8B", "v1.0")),
        ("Qwen/Qwen3-8B@refs/pr/3", RepoRef("Qwen/Qwen3-8B", "refs/pr/3")),
        (f"Qwen/Qwen3-8B@{SHA.upper()}", RepoRef("Qwen/Qwen3-8B", SHA)),
        ("bartowski/X-GGUF:Q4_K_M", RepoRef("bartowski/X-GGUF", quantization="Q4_K_M")),
        ("hf.co/bartowski/X-GGUF:Q4_K_M", RepoRef("bartowski/X-GGUF", quantization="Q4_K_M")),
        ("https://huggingface.co/Qwen/Qwen3-8B", RepoRef("Qwen/Qwen3-8B")),
        ("https://huggingface.co/Qwen/Qwen3-8B/?library=vllm#use", RepoRef("Qwen/Qwen3-8B")),
        ("<https://huggingface.co/Qwen/Qwen3-8B|Qwen/Qwen3-8B>", RepoRef("Qwen/Qwen3-8B")),
        ("https://huggingface.co/Qwen/Qwen3-8B/tree/main", RepoRef("Qwen/Qwen3-8B", "main")),
        ("https://huggingface.co/Qwen/Qwen3-8B/discussions/12", RepoRef("Qwen/Qwen3-8B")),
        ("https://huggingface.co/gpt2/tree/refs%2Fpr%2F3", RepoRef("gpt2", "refs/pr/3")),
        ("https://huggingface.co/a/b/blob/refs/pr/3/x/config.json", RepoRef("a/b", "refs/pr/3", "x/config.json")),
        (f"https://hf.co/a/b/resolve/{SHA}/config.json?download=true", RepoRef("a/b", SHA, "config.json")),
        ("https://huggingface.co/api/models/a/b", RepoRef("a/b")),
        ("hf://a/b@v2/config.json", RepoRef("a/b", "v2", "config.json")),
        ("hf://models/a/b", RepoRef("a/b")),
    ],
)
def test_a_repository_is_read_from_the_ways_people_write_it(text: str, ref: RepoRef) -> None:
    assert parse_repo_ref(text) == ref


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("https://huggingface.co/datasets/HuggingFaceFW/fineweb", "data set"),
        ("datasets/HuggingFaceFW/fineweb", "data set"),
        ("hf://datasets/HuggingFaceFW/fineweb", "data set"),
        ("https://huggingface.co/spaces/lmarena-ai/arena/tree/main", "space"),
    ],
)
def test_other_kinds_of_repository_are_refused_as_what_they_are(text: str, kind: str) -> None:
    with pytest.raises(NotAGenerativeModel, match=kind):
        parse_repo_ref(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "No model was named"),
        ("x" * 3000, "3000 characters"),
        ("a/b/c", "more than one slash"),
        ("a b", "' '"),
        ("a/", "empty"),
        ("a/b:", "format"),
        ("a/b@", "commit"),
        ("a/b@v..1", "commit"),
        ("a/" + "b" * 97, "longer than 96"),
        ("../etc/passwd", "path"),
        ("a--b", "--"),
        ("https://github.com/a/b", "not an address on the Hub"),
        ("https://huggingface.co.evil.example/a/b", "not an address on the Hub"),
        ("http://[broken", "no address"),
        ("https://huggingface.co/papers/2309.06180", "page of the Hub"),
        ("https://huggingface.co/a/b/blob/main/%2e%2e/%2e%2e/x", "file"),
        ("модель", "letters"),
    ],
)
def test_what_names_no_model_is_said_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        parse_repo_ref(text)
    assert why in caught.value.message
    assert caught.value.hint


def test_a_mirror_named_as_endpoint_is_an_address_of_the_hub() -> None:
    assert parse_repo_ref("https://mirror.example/a/b", endpoint="https://mirror.example").repo_id == "a/b"


@given(st.text(max_size=120))
def test_any_text_is_a_reference_or_an_ingest_error_of_bounded_length(text: str) -> None:
    try:
        ref = parse_repo_ref(text)
    except IngestError as error:
        assert len(error.message) < 400  # noqa: PT017  # either outcome is right
    else:
        assert is_repo_id(ref.repo_id)


@given(st.from_regex(r"[\w.-]{1,40}(/[\w.-]{1,40})?", fullmatch=True))
def test_ids_are_accepted_exactly_when_the_hub_client_accepts_them(text: str) -> None:
    if not text.isascii() or text.startswith((".", "/", "~")):
        return  # \w takes letters of every script; a leading dot is a path to us and an error to both
    try:
        validate_repo_id(text)
        accepted = True
    except HFValidationError:
        accepted = False
    assert is_repo_id(text) <= accepted


def test_only_a_whole_hash_is_a_commit() -> None:
    assert is_commit(SHA)
    assert not is_commit(SHA[:7])
    assert not is_commit("main")
