"""What searches over many loads, splits and machines must take, beside the single estimates that they replace."""

from collections.abc import Iterator

from estimator.errors import EstimatorError
from estimator.estimation import Request, estimate
from estimator.gpus import GPUS
from estimator.parallelism import Layout
from estimator.recommend import Target, offered_gpus, recommend
from estimator.sweep import sweep
from estimator.workload import workload
from ingest.loader import Loader
from tests.bench.timing import Row, median_s, milliseconds

GOAL_SWEEP_S = 0.1
GOAL_RECOMMEND_S = 0.25
MODELS = ("meta-llama/Llama-3.1-70B-Instruct", "deepseek-ai/DeepSeek-V3", "openai/gpt-oss-120b")


def rows() -> Iterator[Row]:
    """A sweep of ten thousand points on one split, and the machines for one model, alone and under load."""
    yield _sweep()
    for name in MODELS:
        for concurrency in (None, 64):
            yield _recommend(name, concurrency)


def _sweep() -> Row:
    request = Request(
        spec=Loader().load("deepseek-ai/DeepSeek-V3").spec,
        gpu=GPUS["h200-sxm-141gb"],
        gpus=8,
        layout=Layout(8, 1, 1, 8),
        load=workload(context_tokens=8192),
    )
    batches, contexts = range(1, 501, 5), range(1024, 31024, 300)
    assert len(sweep(request, batches, contexts)) == 10_000
    one, found = median_s(lambda: estimate(request), 50), median_s(lambda: sweep(request, batches, contexts), 7)
    return Row(
        "in process: a sweep of 100 batches x 100 contexts",
        milliseconds(found),
        f"10,000 estimates {milliseconds(one * 10_000)}: ratio {found / (one * 10_000):.3f}",
        milliseconds(GOAL_SWEEP_S),
        found <= GOAL_SWEEP_S,
    )


def _recommend(name: str, concurrency: int | None) -> Row:
    cards = offered_gpus()
    request = Request(
        spec=Loader().load(name).spec, gpu=cards[0], load=workload(context_tokens=8192, concurrency=concurrency)
    )
    machines = [found.request for found in recommend(request, cards, Target(), limit=len(cards))]

    def once_each() -> None:
        for machine in machines:
            try:
                estimate(machine)
            except EstimatorError as error:
                raise AssertionError(machine.gpu.id) from error

    floor = median_s(once_each, 3, warm_up=1)
    found = median_s(lambda: recommend(request, cards, Target()), 5, warm_up=1)
    return Row(
        f"in process: {len(cards)} cards for {name.split('/')[1]}, {concurrency or 1} at once",
        milliseconds(found),
        f"its {len(machines)} machines known {milliseconds(floor)}: ratio {found / floor:.1f}",
        milliseconds(GOAL_RECOMMEND_S),
        found <= GOAL_RECOMMEND_S,
    )
