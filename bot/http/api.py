"""The JSON API, version 1: one function a path. Each carries a request to the product and its answer back."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from bot.contract import Answered, Estimated, Spec
from bot.curve import Roofline, RooflineRequest, roofline_json
from bot.explore import Explored, ExploreRequest
from bot.http.answer_page import HEADERS, page
from bot.http.computing import Computing
from bot.http.errors import PROBLEM_JSON, RequestRefused
from bot.http.listings import FormatList, HardwareList, MethodCard, MethodList, ModelList, formats, hardware, methods
from bot.http.listings import method as method_card
from bot.http.product import Product, written
from bot.numbers import A_NUMBER
from bot.structured import EstimateRequest
from bot.wanted import RecommendRequest
from estimator.methods import compute
from ingest.repo_ref import parse_repo_ref

LONGEST_QUESTION: Final = 40_000
LONGEST_IN_ADDRESS: Final = 2_000
"""Characters; a pasted launch line with its log is shorter."""
Question = Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION, examples=["llama-3.1-8b on 1xH100 at 8K"])]
ModelId = Annotated[
    str, Path(min_length=1, max_length=512, description="`org/name`, or a name that is bundled", examples=["qwen3-32b"])
]
MethodName = Annotated[str, Path(max_length=80, examples=["roofline"])]
Revision = Annotated[
    str | None, Query(min_length=1, max_length=256, description="a branch, tag or commit of the repository")
]


class AskRequest(BaseModel):
    """A question as a person types it."""

    model_config = ConfigDict(extra="forbid")

    question: Question


class MethodFigures(BaseModel):
    """The figures of a method by the keys of its publication."""

    model_config = ConfigDict(extra="allow")


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}


OF_ALL: Final[dict[int | str, dict[str, Any]]] = {
    400: _problem("The request is wrong; `detail` names the key."),
    401: _problem("No API key, or none that this server knows."),
    405: _problem("No such method here; `Allow` names those that are."),
    422: _problem("Understood, and cannot be answered."),
    429: _problem("More requests than this key may make; `Retry-After` says when."),
    500: _problem("A bug of ours."),
    503: _problem("Too many at once; try again."),
    504: _problem("The answer takes too long."),
}
OF_NAMES: Final[dict[int | str, dict[str, Any]]] = {
    403: _problem("The Hub asks for a licence or a token."),
    404: _problem("No such model, card or method."),
    424: _problem("The Hub, on which the answer depends, does not answer."),
}
OF_BODIES: Final[dict[int | str, dict[str, Any]]] = {
    408: _problem("The body came too slowly."),
    413: _problem("The body is longer than 64 KiB."),
    415: _problem("The body is not `application/json`."),
}


def posted(answer: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What a POST may answer."""
    return {200: {"model": answer}, **OF_ALL, **OF_NAMES, **OF_BODIES}


def held(answer: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What a GET may answer that has an `ETag`."""
    return {200: {"model": answer}, 304: {"description": "As the `ETag` that you hold."}}


def router(product: Product, computing: Computing) -> APIRouter:
    """All paths under /v1, on that product."""
    found = APIRouter(prefix="/v1", responses=OF_ALL)
    _add_questions(found, product, computing)
    _add_set_ups(found, product, computing)
    _add_facts(found, product, computing)
    _add_methods(found)
    return found


def as_json(body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """The answer as it is sent."""
    return Response(body, media_type="application/json", headers=dict(headers or {}))


def _add_questions(api: APIRouter, product: Product, computing: Computing) -> None:
    @api.post("/ask", summary="Answer a question", responses=posted(Answered), tags=["answers"])
    async def ask(asked: AskRequest) -> Response:
        """The whole answer to a question as a person types it: fits or not, what would work, speed, cost."""
        return as_json(await computing.body(product.ask_json, asked.question))

    @api.get("/ask", summary="Answer a question", responses={200: _ASKED, **OF_NAMES}, tags=["answers"])
    async def ask_by_get(
        request: Request, q: Annotated[str, Query(max_length=LONGEST_IN_ADDRESS, description="the question")] = ""
    ) -> Response:
        """As POST; a browser, which asks for HTML, gets a page that needs no script."""
        question = q.strip()
        if "text/html" in request.headers.get("accept", ""):
            return await _answer_page(question, product, computing)
        if not question:
            raise RequestRefused(400, "MalformedRequest", "no question", "/v1/ask?q=llama-3.1-8b+on+1xH100")
        return as_json(await computing.body(product.ask_json, question), {"Vary": "Accept"})


_ASKED: Final[dict[str, Any]] = {
    "model": Answered,
    "content": {"text/html": {"schema": {"type": "string"}}},
    "description": "The answer.",
}


async def _answer_page(question: str, product: Product, computing: Computing) -> Response:
    if not question:
        return RedirectResponse("/", 303)
    report = await computing.run(product.ask, question)
    return HTMLResponse(page(question, report), 400 if report.mood == "error" else 200, HEADERS)


def _add_set_ups(api: APIRouter, product: Product, computing: Computing) -> None:
    @api.post("/estimate", summary="Estimate a set-up", responses=posted(Estimated), tags=["answers"])
    async def estimate(asked: EstimateRequest) -> Response:
        """One model on one machine from structured input; what is left out is chosen and told."""
        return as_json(await computing.body(product.estimate_json, asked))

    @api.post("/recommend", summary="Machines for a model", responses=posted(Answered), tags=["answers"])
    async def recommend(asked: RecommendRequest) -> Response:
        """The machines that hold a model under a load, ranked by cost, number of GPUs or speed."""
        return as_json(await computing.body(product.recommend_json, asked))

    @api.post("/explore", summary="A set-up, with its charts", responses=posted(Explored), tags=["charts"])
    async def explore(asked: ExploreRequest) -> Response:
        """The estimate, its roofline over the batch, throughput against latency with the front, derivations."""
        return as_json(await computing.body(product.explore_json, asked))

    @api.post("/roofline", summary="The published simulator", responses=posted(Roofline), tags=["charts"])
    async def roofline(asked: RooflineRequest) -> Response:
        """Raw numbers in; T_compute and T_memory over the batch, their crossover and every figure beside them out."""
        return as_json(written(roofline_json(asked)))


def _add_facts(api: APIRouter, product: Product, computing: Computing) -> None:
    @api.get("/models", summary="Bundled models", responses=held(ModelList), tags=["facts"])
    async def models(request: Request) -> Response:
        """Ids that are answered without the Hub; any other `org/name` is read from it."""
        return tagged(request, written({"models": list(product.known_models())}))

    @api.get(
        "/models/{model_id:path}",
        summary="The shape of a model",
        responses={**held(Spec), **OF_NAMES},
        tags=["facts"],
    )
    async def model(request: Request, model_id: ModelId, revision: Revision = None) -> Response:
        """The normalized spec: parameters, KV cache, layers, and where each fact is from. Has an `ETag`."""
        name = model_id if revision is None else str(parse_repo_ref(f"{model_id}@{revision}"))
        return tagged(request, await computing.body(product.spec_json, name))

    @api.get("/hardware", summary="Accelerators", responses=held(HardwareList), tags=["facts"])
    async def cards(request: Request) -> Response:
        """Every accelerator that is known, with memory, rates, price, source and confidence."""
        return tagged(request, written(hardware()))

    @api.get("/formats", summary="Formats", responses=held(FormatList), tags=["facts"])
    async def known_formats(request: Request) -> Response:
        """The formats of weights and of the KV cache, and the engines."""
        return tagged(request, written(formats()))


def _add_methods(api: APIRouter) -> None:
    @api.get(
        "/methods",
        summary="Published methods",
        responses=held(MethodList),
        tags=["methods"],
    )
    async def all_methods(request: Request) -> Response:
        """The published methods: what each takes, its source, and where it is wrong."""
        return tagged(request, written(methods()))

    @api.get(
        "/methods/{name}",
        summary="A published method",
        responses={**held(MethodCard), **OF_NAMES},
        tags=["methods"],
    )
    async def one_method(
        request: Request, name: Annotated[str, Path(max_length=80, examples=["roofline"])]
    ) -> Response:
        """What the method takes, its source, and where it is wrong."""
        return tagged(request, written(method_card(name)))

    @api.post("/methods/{name}", summary="Compute one", responses=posted(MethodFigures), tags=["methods"])
    async def computed(name: MethodName, values: dict[str, Annotated[float, A_NUMBER]]) -> Response:
        """The method's figures for raw numbers, by its own formulas, also where they are wrong."""
        return as_json(written(dict(compute(name, values))))


def tagged(request: Request, body: bytes) -> Response:
    """The answer with an `ETag`, or 304 where the asker holds it."""
    answer = as_json(body, {"Cache-Control": "no-cache"})
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    answer.headers["ETag"] = tag
    held = {part.strip() for part in request.headers.get("if-none-match", "").split(",")}
    if tag in held or "*" in held or tag.removeprefix("W/") in held:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "no-cache"})
    return answer
