"""`hubgauge hardware`: the accelerators that are known, one row a card."""

import click

from bot import humanize as say
from bot.cli.completing import cards
from bot.cli.lines import echo_json, echo_report, fail
from bot.prices import current_prices
from bot.render.card_json import card_json
from bot.render.report import Report, Section, Table
from estimator.errors import EstimatorError
from estimator.gpus import GPUS, find_gpu
from estimator.hardware import Gpu
from estimator.prices import price_of


@click.command("hardware")
@click.argument("name", required=False, shell_complete=cards)
@click.option("--json", "as_json", is_flag=True, help='One JSON object: {"hardware": [...]}.')
def command(name: str | None, as_json: bool) -> None:
    """List the accelerators, or show NAME alone with its source.

    \b
    hubgauge hardware
    hubgauge hardware h100 --json
    """
    try:
        cards = [find_gpu(name)] if name else list(GPUS.values())
    except EstimatorError as error:
        fail(error, as_json=as_json)
    if as_json:
        echo_json({"hardware": [card_json(gpu) for gpu in cards]})
    else:
        echo_report(_one(cards[0]) if name else _all(cards))


def _all(cards: list[Gpu]) -> Report:
    columns = ("Id", "Memory", "Bandwidth", "bf16", "fp8", "int8", "fp4", "$/hour", "Confidence")
    table = Table("Accelerators (dense TFLOPS; memory as an engine sees it)", tuple(_row(g) for g in cards), columns)
    section = Section(heading="", mood="note", verdict=f"{len(cards)} accelerators", tables=(table,))
    return Report(title="Accelerators", sections=(section,))


def _row(gpu: Gpu) -> tuple[str, ...]:
    price = price_of(gpu.id, current_prices())
    rates = (f"{gpu.tflops[name]:,.0f}" if name in gpu.tflops else "-" for name in ("bf16", "fp8", "int8", "fp4"))
    cost = say.usd(price.median_usd_per_hour) if price else "-"
    return (gpu.id, say.gib(gpu.engine_memory_bytes), f"{gpu.memory_gb_per_s:,.0f} GB/s", *rates, cost, gpu.confidence)


def _one(gpu: Gpu) -> Report:
    rows = tuple((key, str(value)) for key, value in card_json(gpu).items() if value not in (None, "", []))
    section = Section(
        heading=gpu.id, mood="note", verdict=f"{gpu.vendor} {gpu.architecture}", tables=(Table("Facts", rows),)
    )
    return Report(title=gpu.id, sections=(section,))
