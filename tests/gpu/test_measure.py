"""The script that measures on a GPU runs, and its decoder is one: at a tiny size on the CPU."""

import math

import pytest

from estimator.gpus import GPUS

torch = pytest.importorskip("torch", reason="torch is not installed: the GPU script is not tried")


def test_a_step_after_a_prompt_says_what_the_longer_prompt_says() -> None:
    from tests.gpu.__main__ import TINY
    from tests.gpu.decoder import Decoder

    torch.manual_seed(1)
    decoder = Decoder(TINY, "cpu", torch.float64)
    tokens = torch.randint(0, TINY.vocab_size, (3, 9))
    whole, _ = decoder.prompt(tokens)
    _, cache = decoder.prompt(tokens[:, :-1])
    grown = [torch.cat((held, torch.zeros_like(held[:, :, :, :1])), dim=3) for held in cache]
    assert torch.allclose(decoder.step(tokens[:, -1:], grown), whole)


def test_the_estimators_shape_has_the_decoders_parameters() -> None:
    from tests.gpu.decoder import Decoder, Shape
    from tests.gpu.measure import model_of

    shape = Shape(2, 64, 4, 2, 16, 128, 256)
    decoder = Decoder(shape, "cpu", torch.float32)
    held = sum(weight.numel() for layer in decoder.layers for weight in layer.values())
    assert model_of(shape).total_parameters == held + decoder.embedding.numel() + decoder.head.numel()
    # config.json of meta-llama/Llama-3.1-8B: 8.03e9 parameters, of which 266,240 are norms that are left out here
    assert model_of(Shape()).total_parameters == 8_030_261_248 - 266_240


def test_every_part_is_measured_and_predicted() -> None:
    from tests.gpu.__main__ import TINY, TINY_SIZES
    from tests.gpu.measure import measure

    rows = list(measure(TINY, GPUS["cpu-desktop-ddr5"], "cpu", TINY_SIZES))
    sizes = len(TINY_SIZES.rows) + 2 * len(TINY_SIZES.steps) + 2 * len(TINY_SIZES.prompts)
    assert len(rows) == sizes
    assert all(0 < row.predicted_s < math.inf and 0 < row.measured_s < math.inf for row in rows)
