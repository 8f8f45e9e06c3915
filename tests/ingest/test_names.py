from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import AmbiguousModel, IngestError, UnknownModel
from ingest.name_parts import name_parts
from ingest.names import near_names, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

# Ids as they stand on the Hub.
IDS = (
    "Qwen/Qwen-7B",
    "Qwen/Qwen-7B-Chat",
    "Qwen/Qwen1.5-7B-Chat",
    "Qwen/Qwen2-7B-Instruct",
    "Qwen/Qwen2.5-7B-Instruct",
    "Qwen/Qwen2.5-Coder-32B-Instruct",
    "Qwen/Qwen2.5-VL-7B-Instruct",
    "Qwen/Qwen3-235B-A22B",
    "Qwen/Qwen3-235B-A22B-Instruct-2507",
    "Qwen/Qwen3-30B-A3B",
    "Qwen/Qwen3-30B-A3B-Instruct-2507",
    "Qwen/Qwen3-8B",
    "Qwen/Qwen3-8B-Base",
    "Qwen/Qwen3-8B-FP8",
    "Qwen/Qwen3-Next-80B-A3B-Instruct",
    "Qwen/Qwen3-Next-80B-A3B-Thinking",
    "deepseek-ai/DeepSeek-R1",
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
    "deepseek-ai/DeepSeek-V2-Lite-Chat",
    "deepseek-ai/DeepSeek-V3",
    "deepseek-ai/DeepSeek-V3-Base",
    "deepseek-ai/DeepSeek-V3-0324",
    "deepseek-ai/DeepSeek-V3.2-Exp",
    "google/gemma-2-27b-it",
    "google/gemma-3-27b-it",
    "google/gemma-3-27b-pt",
    "google/gemma-3n-E4B-it",
    "google/gemma-4-31B-it",
    "meta-llama/Llama-2-13b-chat-hf",
    "meta-llama/Llama-3.1-70B-Instruct",
    "meta-llama/Llama-3.1-8B",
    "meta-llama/Llama-3.1-8B-Instruct",
    "meta-llama/Llama-3.2-1B-Instruct",
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
    "meta-llama/Llama-4-Scout-17B-16E-Instruct",
    "meta-llama/Meta-Llama-3-70B",
    "meta-llama/Meta-Llama-3-70B-Instruct",
    "meta-llama/Meta-Llama-3-8B-Instruct",
    "microsoft/Phi-3-mini-128k-instruct",
    "microsoft/Phi-3-mini-4k-instruct",
    "microsoft/phi-4",
    "mistralai/Mistral-7B-Instruct-v0.2",
    "mistralai/Mistral-7B-Instruct-v0.3",
    "mistralai/Mixtral-8x22B-Instruct-v0.1",
    "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "mistralai/Mixtral-8x7B-v0.1",
    "moonshotai/Kimi-K2-Instruct",
    "moonshotai/Kimi-K2-Thinking",
    "nvidia/Llama-3.1-70B-Instruct-FP8",
    "openai-community/gpt2",
    "openai/gpt-oss-120b",
    "openai/gpt-oss-20b",
    "unsloth/Meta-Llama-3.1-8B-Instruct",
    "zai-org/GLM-4.5",
    "zai-org/GLM-4.5-Air",
)


@dataclass
class Known:
    """A catalogue of names, as another module keeps it."""

    ids: tuple[str, ...] = IDS
    aliases: dict[str, str] = field(default_factory=dict)

    def repo_ids(self) -> Sequence[str]:
        return self.ids

    def alias(self, name: str) -> str | None:
        return self.aliases.get(name.lower())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("deepseekv3", "deepseek-ai/DeepSeek-V3"),
        ("deepseek v3", "deepseek-ai/DeepSeek-V3"),
        ("deepseek-v3-base", "deepseek-ai/DeepSeek-V3-Base"),
        ("deepseek-v3-0324", "deepseek-ai/DeepSeek-V3-0324"),
        ("deepseek-v3.2", "deepseek-ai/DeepSeek-V3.2-Exp"),
        ("deepseek r1", "deepseek-ai/DeepSeek-R1"),
        ("llama3-70b", "meta-llama/Meta-Llama-3-70B-Instruct"),
        ("llama 3 70b instruct", "meta-llama/Meta-Llama-3-70B-Instruct"),
        ("meta llama 3.1 70b", "meta-llama/Llama-3.1-70B-Instruct"),
        ("llama-3.1-8b", "meta-llama/Llama-3.1-8B-Instruct"),
        ("llama-3.1-8b-base", "meta-llama/Llama-3.1-8B"),
        ("Llama3_1-8B", "meta-llama/Llama-3.1-8B-Instruct"),
        ("llama2-13b", "meta-llama/Llama-2-13b-chat-hf"),
        ("llama-4-scout", "meta-llama/Llama-4-Scout-17B-16E-Instruct"),
        ("qwen7b", "Qwen/Qwen-7B-Chat"),
        ("qwen2.5 coder 32b", "Qwen/Qwen2.5-Coder-32B-Instruct"),
        ("qwen2.5-7b", "Qwen/Qwen2.5-7B-Instruct"),
        ("qwen3-8b", "Qwen/Qwen3-8B"),
        ("qwen3-8b-instruct", "Qwen/Qwen3-8B"),
        ("qwen3-8b-fp8", "Qwen/Qwen3-8B-FP8"),
        ("qwen3-235b", "Qwen/Qwen3-235B-A22B"),
        ("qwen3-30b-a3b-2507", "Qwen/Qwen3-30B-A3B-Instruct-2507"),
        ("qwen3-next", "Qwen/Qwen3-Next-80B-A3B-Instruct"),
        ("gemma4 31b it", "google/gemma-4-31B-it"),
        ("gemma-3-27b", "google/gemma-3-27b-it"),
        ("gemma3n e4b", "google/gemma-3n-E4B-it"),
        ("phi4", "microsoft/phi-4"),
        ("gptoss120b", "openai/gpt-oss-120b"),
        ("gpt2", "openai-community/gpt2"),
        ("mixtral-8x7b", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
        ("mistral-7b-instruct-v0.3", "mistralai/Mistral-7B-Instruct-v0.3"),
        ("kimi k2", "moonshotai/Kimi-K2-Instruct"),
        ("kimi-k2-thinking", "moonshotai/Kimi-K2-Thinking"),
        ("glm-4.5", "zai-org/GLM-4.5"),
        ("glm 4.5 air", "zai-org/GLM-4.5-Air"),
    ],
)
def test_a_name_is_read_as_people_mean_it_and_the_choice_is_stated(typed: str, meant: str) -> None:
    found = resolve(typed, Known())
    assert (found.repo_id, found.how) == (meant, "near")
    assert meant in found.note


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lama-3.1-8b", "meta-llama/Llama-3.1-8B-Instruct"),
        ("deepsek-v3", "deepseek-ai/DeepSeek-V3"),
        ("qwne3-8b", "Qwen/Qwen3-8B"),
        ("mixtrall-8x7b", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
        ("gema-3-27b", "google/gemma-3-27b-it"),
    ],
)
def test_a_slip_in_letters_is_mended_and_said(typed: str, meant: str) -> None:
    found = resolve(typed, Known())
    assert found.repo_id == meant
    assert "taken for" in found.note


@pytest.mark.parametrize("typed", ["llava-3.1-8b", "ministral-7b-instruct-v0.3", "qwq-8b"])
def test_another_familys_name_is_no_slip(typed: str) -> None:
    with pytest.raises(UnknownModel):
        resolve(typed, Known())


@pytest.mark.parametrize(
    "typed",
    [
        "llama-3.2-8b",
        "llama-3.3-70b",
        "llama-31-8b",
        "gpt-oss-12b",
        "deepseek-v3.1",
        "qwen3-32b",
        "glm-4.6",
        "phi-3.5-mini",
    ],
)
def test_another_number_is_another_model(typed: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        resolve(typed, Known())
    assert 1 <= len(caught.value.suggestions) <= 3
    assert caught.value.suggestions[0] in caught.value.hint


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("gpt-oss", {"openai/gpt-oss-20b", "openai/gpt-oss-120b"}),
        ("mixtral", {"mistralai/Mixtral-8x7B-Instruct-v0.1", "mistralai/Mixtral-8x22B-Instruct-v0.1"}),
        ("mistral-7b", {"mistralai/Mistral-7B-Instruct-v0.2", "mistralai/Mistral-7B-Instruct-v0.3"}),
        ("phi-3-mini", {"microsoft/Phi-3-mini-4k-instruct", "microsoft/Phi-3-mini-128k-instruct"}),
        ("gemma-27b", {"google/gemma-2-27b-it", "google/gemma-3-27b-it"}),
        ("llama-4", {"meta-llama/Llama-4-Scout-17B-16E-Instruct", "meta-llama/Llama-4-Maverick-17B-128E-Instruct"}),
    ],
)
def test_what_fits_several_is_asked_back(typed: str, named: set[str]) -> None:
    with pytest.raises(AmbiguousModel) as caught:
        resolve(typed, Known())
    assert named <= set(caught.value.suggestions)
    assert all(repo_id in caught.value.message for repo_id in named)


def test_which_size_is_meant_is_never_decided_by_a_release_number() -> None:
    known = Known(("acme/Tiny-7B-v0.2", "acme/Tiny-70B"))
    with pytest.raises(AmbiguousModel):
        resolve("tiny", known)


def test_an_id_is_taken_as_it_is_in_any_case() -> None:
    assert resolve("QWEN/qwen3-8b", Known()).repo_id == "Qwen/Qwen3-8B"
    assert resolve("QWEN/qwen3-8b", Known()).how == "exact"
    other = resolve("someone/else", Known())
    assert (other.repo_id, other.how) == ("someone/else", "exact")


def test_an_alias_goes_before_all_likeness() -> None:
    known = Known(aliases={"mistral-7b": "mistralai/Mistral-7B-Instruct-v0.3"})
    found = resolve("Mistral-7B", known)
    assert (found.repo_id, found.how) == ("mistralai/Mistral-7B-Instruct-v0.3", "alias")


def test_the_makers_own_repository_goes_before_copies() -> None:
    found = resolve("llama-3.1-8b-instruct", Known())
    assert found.repo_id == "meta-llama/Llama-3.1-8B-Instruct"
    assert "unsloth/Meta-Llama-3.1-8B-Instruct" in found.alternatives
    assert resolve("llama-3.1-70b", Known()).repo_id == "meta-llama/Llama-3.1-70B-Instruct"


def test_a_format_that_was_not_asked_for_is_a_last_resort_and_said() -> None:
    found = resolve("llama-3.1-70b", Known(("nvidia/Llama-3.1-70B-Instruct-FP8", "meta-llama/Llama-3.1-8B")))
    assert found.repo_id == "nvidia/Llama-3.1-70B-Instruct-FP8"
    assert "fp8 not said" in found.note


def test_which_format_is_meant_is_asked_back_when_only_formats_are_known() -> None:
    known = Known(("nvidia/Llama-3.1-70B-Instruct-FP8", "nvidia/Llama-3.1-70B-Instruct-NVFP4"))
    with pytest.raises(AmbiguousModel):
        resolve("llama-3.1-70b", known)
    assert resolve("llama-3.1-70b-nvfp4", known).repo_id == "nvidia/Llama-3.1-70B-Instruct-NVFP4"


class Search:
    """The Hub's search, answering one way and counting."""

    def __init__(self, *hits: str) -> None:
        self.hits, self.asked = hits, list[str]()

    def __call__(self, query: str) -> list[str]:
        self.asked.append(query)
        return list(self.hits)


def test_a_known_name_asks_the_hub_nothing() -> None:
    search = Search()
    for typed in ("llama-3.1-8b", "llama-4-scout", "Qwen/Qwen3-8B", "lama-3.1-8b"):
        resolve(typed, Known(), search=search)
    with pytest.raises(AmbiguousModel):
        resolve("gpt-oss", Known(), search=search)
    assert search.asked == []


def test_the_hub_is_searched_once_and_its_hits_judged_alike() -> None:
    search = Search(
        "bartowski/SmolLM3-3B-GGUF", "HuggingFaceTB/SmolLM3-3B-Base", "HuggingFaceTB/SmolLM3-3B", "x/SmolLM3-30B"
    )
    found = resolve("smollm3-3b", Known(), search=search)
    assert (found.repo_id, found.how) == ("HuggingFaceTB/SmolLM3-3B", "search")
    assert search.asked == ["smollm3-3b"]


def test_hits_with_other_digits_are_no_answer() -> None:
    with pytest.raises(UnknownModel) as caught:
        resolve("llama-3.3-70b", Known(), search=Search("someone/Llama-3.3-7B", "someone/llama-3-70b"))
    assert caught.value.suggestions


def test_strangers_hits_of_one_name_are_asked_back() -> None:
    with pytest.raises(AmbiguousModel):
        resolve("wondermodel-3b", Known(), search=Search("alice/WonderModel-3B", "bob/wondermodel-3b"))


def test_the_makers_checkpoint_on_the_hub_goes_before_a_quantized_one_that_is_bundled() -> None:
    known = Known(("nvidia/Llama-3.1-70B-Instruct-FP8",))
    found = resolve("llama-3.1-70b", known, search=Search("meta-llama/Llama-3.1-70B-Instruct"))
    assert found.repo_id == "meta-llama/Llama-3.1-70B-Instruct"


@pytest.mark.parametrize("typed", ["", "!!!", "8b", "120b", "的", "a" * 5000])
def test_what_is_no_name_is_unknown(typed: str) -> None:
    with pytest.raises(UnknownModel):
        resolve(typed, Known())


def digit_groups(text: str) -> list[str]:
    return re.findall(r"\d+", text)


@given(st.sampled_from(IDS), st.integers(0, 5), st.integers(0, 999))
def test_a_changed_digit_never_leads_to_the_unchanged_name(repo_id: str, which: int, number: int) -> None:
    name = repo_id.rpartition("/")[2]
    groups = list(re.finditer(r"\d+", name))
    if not groups:
        return
    group = groups[which % len(groups)]
    typed = f"{name[: group.start()]}{number}{name[group.end() :]}"
    try:
        found = resolve(typed, Known())
    except IngestError:
        return
    have = digit_groups(found.repo_id)
    assert all(have.count(digits) >= digit_groups(typed).count(digits) for digits in digit_groups(typed))


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_an_ingest_error(text: str) -> None:
    try:
        found = resolve(text, Known())
    except IngestError as error:
        assert error.hint  # noqa: PT017  # either outcome is right
    else:
        assert found.repo_id


@given(st.sampled_from(IDS), st.sampled_from(["-", " ", "_", ""]))
def test_every_id_is_found_by_its_own_name_however_letters_and_digits_are_spaced(repo_id: str, space: str) -> None:
    name = repo_id.rpartition("/")[2]
    typed = re.sub(r"(?<=[A-Za-z])-(?=\d)", space, name)
    try:
        parts = name_parts(resolve(typed, Known()).repo_id.rpartition("/")[2])
    except AmbiguousModel as error:
        assert repo_id in error.suggestions  # noqa: PT017  # either outcome is right
    else:
        assert parts.numbers == name_parts(name).numbers


def test_near_names_are_for_suggestions_and_few() -> None:
    assert near_names("gpt-oss-200b", IDS)[0] in {"openai/gpt-oss-20b", "openai/gpt-oss-120b"}
    assert len(near_names("llama", IDS)) <= 3
