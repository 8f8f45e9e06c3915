"""From a question to an answer, on bundled models: the brief's own question first."""

import pytest

from bot.answer import Answer, answer
from bot.errors import QuestionError
from estimator.errors import IllegalLayout, UnknownRate
from estimator.units import GIB
from ingest.errors import AmbiguousModel, UnknownModel
from ingest.loader import Loader

TITLE = "deepseek-v3 on 8×H100 FP8 at 32K"

PUBLISHED_CACHE_BYTES_PER_TOKEN = {
    "llama-3.1-8b": 131_072,
    "llama-3.3-70b": 327_680,
    "deepseek-v3": 70_272,
    "gpt-oss-120b": 36_864,
    "gemma-3-27b": 81_920,
    "qwen3-next-80b-a3b": 24_576,
}
"""BF16 bytes per token over the layers that grow. Source: the project brief; peers.md, section 2."""


@pytest.fixture(scope="module")
def models() -> Loader:
    """Bundled models only: no Hub."""
    return Loader()


def ask(question: str, models: Loader) -> Answer:
    return answer(question, models)


def test_the_question_of_the_title_gets_a_no_with_its_margin(models: Loader) -> None:
    (result,) = ask(TITLE, models).results
    found = result.estimate
    assert not found.fits
    assert found.memory.shortfall_bytes > 0
    assert found.request.spec.weight_bytes(found.plan) == pytest.approx(680e9, rel=0.015)  # 671 to 690 GB, the brief
    assert found.memory.capacity_bytes == pytest.approx(79.2 * GIB, rel=1e-3)


def test_the_title_is_offered_h200_sixteen_h100_and_a_four_bit_way(models: Loader) -> None:
    (result,) = ask(TITLE, models).results
    offers = {(a.request.gpu.id, a.request.gpus, a.estimate.plan.name) for a in result.alternatives}
    assert ("h200-sxm-141gb", 8, "fp8") in offers
    assert ("h100-sxm-80gb", 16, "fp8") in offers
    assert ("h100-sxm-80gb", 8, "int4") in offers


def test_every_alternative_that_is_offered_fits(models: Loader) -> None:
    for question in (TITLE, "llama-3.1-70b on 1xH100", "llama-3.1-8b on h100 at 1M", "qwen3-32b on 2x4090 at 128k"):
        for result in ask(question, models).results:
            assert result.alternatives
            assert all(change.estimate.fits for change in result.alternatives)


def test_on_eight_h200_it_fits_with_the_latent_cache_whole_on_every_gpu(models: Loader) -> None:
    (result,) = ask("deepseek-v3 on 8×H200 FP8 at 32K", models).results
    assert result.estimate.fits
    assert result.estimate.layout.tensor == 8
    assert result.estimate.memory.layout_bytes_per_token == 70_272
    assert not result.alternatives


@pytest.mark.parametrize(("name", "expected"), PUBLISHED_CACHE_BYTES_PER_TOKEN.items())
def test_the_cache_per_token_of_the_six_known_models_is_exact(name: str, expected: int, models: Loader) -> None:
    assert 2 * models.load(name).spec.cache_elements_per_token == expected


def test_active_parameters_are_those_that_the_makers_quote(models: Loader) -> None:
    deepseek, oss = models.load("deepseek-v3").spec, models.load("gpt-oss-120b").spec
    assert deepseek.active_parameters == pytest.approx(37.55e9, rel=1e-3)
    assert oss.active_parameters == pytest.approx(5.71e9, rel=1e-3)
    assert oss.active_parameters_without_embedding == pytest.approx(5.13e9, rel=1e-3)


def test_a_bundled_answer_says_that_it_is_bundled_and_of_when(models: Loader) -> None:
    (result,) = ask("llama-3.3-70b fp8 on 2xH100", models).results
    assert "bundled as of 20" in result.model.read_as
    assert "shares the shape of" in result.model.read_as


def test_two_machines_give_two_results_in_the_order_asked(models: Loader) -> None:
    found = ask("llama-3.3-70b fp8 on 2xH100 vs 2xH200", models).results
    assert [result.estimate.request.gpu.id for result in found] == ["h100-sxm-80gb", "h200-sxm-141gb"]


def test_how_many_is_answered_with_machines_that_hold_it(models: Loader) -> None:
    (found,) = ask("how many b200 for deepseek-v3 nvfp4", models).recommendations
    assert {machine.request.gpu.id for machine in found.machines} == {"b200-sxm"}
    assert all(machine.fits for machine in found.machines)


def test_recommended_machines_come_cheapest_first(models: Loader) -> None:
    (found,) = ask("what can run kimi-k2 at 128k?", models).recommendations
    prices = [machine.cost.usd_per_hour.median for machine in found.machines if machine.cost]
    assert prices
    assert prices == sorted(prices)


def test_a_wish_for_speed_is_checked_and_said(models: Loader) -> None:
    (result,) = ask("llama-3.1-70b bf16 on 4xA100, at least 500 tok/s per user", models).results
    assert any("misses the wish of 500" in note for note in result.notes)


def test_a_context_beyond_the_models_maximum_is_answered_with_a_warning(models: Loader) -> None:
    (result,) = ask("llama-3.1-8b on h200 at 256k", models).results
    assert any("beyond the model's maximum of 131,072" in warning for warning in result.estimate.warnings)


def test_a_format_in_a_name_is_read_as_the_format_of_the_model_it_was_made_from(models: Loader) -> None:
    (result,) = ask("Qwen2-72B-Instruct-GPTQ-Int4 on 2xA100", models).results
    assert result.estimate.plan.name == "int4"
    assert result.model.read_as.startswith("Qwen/Qwen2-72B-Instruct")


def test_a_nickname_says_which_model_was_chosen_for_it(models: Loader) -> None:
    (result,) = ask("mixtral on 2xh100", models).results
    assert "chosen for 'mixtral'" in result.model.read_as


def test_a_name_of_two_sizes_asks_back(models: Loader) -> None:
    with pytest.raises(AmbiguousModel, match="gpt-oss"):
        ask("gpt-oss on h100", models)


def test_an_unknown_model_names_near_ones(models: Loader) -> None:
    with pytest.raises(UnknownModel) as refusal:
        ask("llama-3.1-9b on h100", models)
    assert "meta-llama/Llama-3.1-8B" in refusal.value.suggestions


def test_a_family_without_a_size_asks_back(models: Loader) -> None:
    with pytest.raises(AmbiguousModel) as refusal:
        ask("llama on h100", models)
    assert len(refusal.value.suggestions) > 1


def test_an_unknown_card_is_refused_with_a_near_one(models: Loader) -> None:
    with pytest.raises(QuestionError) as refusal:
        ask("llama-3.1-8b on h1000", models)
    assert "h100" in " ".join(refusal.value.suggestions)


def test_a_split_that_does_not_divide_the_heads_is_refused_with_the_reason(models: Loader) -> None:
    with pytest.raises(IllegalLayout, match="32 attention heads do not divide by 3"):
        ask("llama-3.1-8b on 8xh100 tp3", models)


def test_a_card_without_a_published_rate_is_an_error_and_never_a_guess(models: Loader) -> None:
    with pytest.raises(UnknownRate, match="mi308x"):
        ask("deepseek-v3 on mi308x", models)


@pytest.mark.parametrize("question", ["llama-3.1-8b on 0 h100", "llama-3.1-8b on h100 at -4k", "", "   ", "on 4090"])
def test_impossible_questions_are_refused_with_something_to_try(question: str, models: Loader) -> None:
    with pytest.raises(QuestionError) as refusal:
        ask(question, models)
    assert refusal.value.hint


def test_the_models_that_a_machine_holds_are_listed_largest_first(models: Loader) -> None:
    found = ask("which model can run on a 4090?", models).results
    sizes = [result.model.spec.total_parameters for result in found]
    assert len(found) > 3
    assert sizes == sorted(sizes, reverse=True)
    assert all(result.estimate.fits for result in found)


def test_a_card_known_only_by_its_memory_is_stood_for_by_a_common_one_and_said(models: Loader) -> None:
    (result,) = ask("will llama-3.1-70b fit in 24gb", models).results
    assert not result.estimate.fits
    assert result.estimate.request.gpu.id == "rtx-4090"
    assert any("only the memory is known" in note for note in result.notes)
