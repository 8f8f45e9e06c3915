"""The tools: each takes what its command takes, and gives what that prints. Errors are tool errors, with what to try.

Paths are refused: whoever drives the tools may not be who owns the files.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from bot.answer import ModelSource, answer
from bot.errors import USER_ERRORS
from bot.render.as_json import answer_json, spec_json
from bot.render.card_json import card_json
from bot.render.compose import compose
from bot.render.text import to_text
from bot.structured import EstimateRequest, estimate_json_of
from estimator.gpus import GPUS, find_gpu
from estimator.methods import METHODS, compute

T = TypeVar("T")

COLUMNS: Final = 100
INSTRUCTIONS: Final = """Sizes open models for inference: will a model of the Hugging Face Hub fit a machine, how fast,
at what cost, and if not, what would. Ask in plain words ("deepseek-v3 on 8xH100 FP8 at 32K"); every latency and
throughput carries its 80 % band, and every default is listed among the assumptions."""

Question = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        description="as a person types it: model, machine, format, context, users, targets, in any order",
        examples=["llama-3.1-70b fp8 on 2xH100 at 16K, 32 users", "what can run kimi-k2 at 128k?"],
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=256)]


def build(models: ModelSource) -> MCPServer:
    """The server with its tools, on models from that source."""
    server = MCPServer("hubgauge", instructions=INSTRUCTIONS, log_level="ERROR")

    @server.tool()
    def ask(question: Question) -> str:
        """The whole answer in words: fits or not and by how much, what would work, memory, speed, cost, assumptions."""
        return _told(lambda: to_text(compose(answer(question, models)), width=COLUMNS))

    @server.tool()
    def ask_json(question: Question) -> dict[str, Any]:
        """The same answer as JSON, for arithmetic on its figures."""
        return _told(lambda: answer_json(answer(question, models)))

    @server.tool()
    def estimate(request: EstimateRequest) -> dict[str, Any]:
        """One model on one machine from structured input; what is left out is chosen and told."""
        return _told(lambda: estimate_json_of(request, models))

    @server.tool()
    def spec(model: Annotated[str, Field(min_length=1, max_length=2048)]) -> dict[str, Any]:
        """The normalized shape of a model: parameters, active ones, KV cache bytes, layers, and where each is from."""
        return _told(lambda: spec_json(models.load(model)))

    @server.tool()
    def hardware(name: Name | None = None) -> dict[str, Any]:
        """The accelerators that are known, or one of them, with memory, rates, price and source."""
        return _told(lambda: {"hardware": [card_json(gpu) for gpu in ([find_gpu(name)] if name else GPUS.values())]})

    @server.tool()
    def method(name: Name, values: dict[str, float]) -> dict[str, Any]:
        """One published method from raw numbers: physics, roofline, essentials or scaling-calculator."""
        return _told(lambda: dict(compute(name, values)))

    @server.tool()
    def methods() -> dict[str, str]:
        """What each published method takes and gives, and where it is wrong."""
        return {name: each.usage() for name, each in METHODS.items()}

    return server


def _told(work: Callable[[], T]) -> T:
    """The result, or the error as the person would read it."""
    try:
        return work()
    except USER_ERRORS as error:
        raise ToolError(f"{error.message} {error.hint}".strip()) from None
