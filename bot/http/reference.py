"""Write docs/api.md from the description that the server itself gives.

    python -m bot.http.reference docs/api.md

Run by maintainers; no part of the product imports it. A test holds the page to the API and sends its examples.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bot.bootstrap import http_product
from bot.http.app import build
from bot.settings import Settings
from ingest.loader import Loader

HEADER: Final = """# HTTP API

Written by `python -m bot.http.reference docs/api.md` from the API's own description (`/openapi.json`, OpenAPI 3.1).

`hubgauge serve` answers on `HUBGAUGE_HOST` and `HUBGAUGE_PORT` (127.0.0.1:8000) until SIGTERM or Ctrl-C. The API
stands under `/v1`; the page is at `/`.

## Keys

Without `HUBGAUGE_API_KEYS` whoever reaches the server may ask. With it, `/v1` wants one of its keys:

    HUBGAUGE_API_KEYS=scripts:KEY1,dashboard:KEY2  # name:key, 16 characters or more (openssl rand -hex 24)

Then a request carries `Authorization: Bearer KEY1` or `X-API-Key: KEY1`.

Each key may ask `HUBGAUGE_API_RATE` times a second (20), with bursts of two seconds; beyond that the answer is 429
with `Retry-After`. Keys are kept as digests and compared in constant time. `/`, `/healthz`, `/readyz`, `/metrics` and
`/openapi.json` need none: put a proxy before them where that is too much. The page asks for a key where one is wanted
and keeps it for the tab.

## Errors

Every refusal is a problem (`application/problem+json`, RFC 9457) whose member `error` is the object of the commands:

    curl localhost:8000/v1/estimate --json '{"model": "llama-3.1-8b", "hardware": "h1000"}'

```json
{"type": "urn:hubgauge:error:UnknownGpu", "title": "Not Found", "status": 404, "detail": "unknown GPU 'h1000'",
 "error": {"type": "UnknownGpu", "message": "unknown GPU 'h1000'", "hint": "..."}}
```

## Bounds

A body is one JSON object of at most 64 KiB and 32 levels, sent within 10 seconds; an answer takes at most 30 seconds,
the Hub 10 of them. Eight answers are computed at once, 64 may wait; beyond that the answer is 503 at once. An answer
is kept for a minute and sent again as it stands. A model is a name or an `org/name[@revision]` of the configured Hub:
paths, other hosts and what git would not take as a revision are refused, and nothing else is ever fetched. Idle
connections are kept for 75 seconds, 1,024 of them; headers that trickle in are for a proxy to cut.

## Held answers

Facts (`/v1/models`, `/v1/hardware`, `/v1/formats`, `/v1/methods`) carry an `ETag`; `If-None-Match` is answered with
304.

## Health and metrics

`/healthz` says that the process lives, `/readyz` whether it takes questions on (503 while Slack's part cannot).
`/metrics` is for Prometheus: `hubgauge_http_requests_total` by route, method and status,
`hubgauge_http_request_seconds` by route, `hubgauge_http_requests_in_flight`, `hubgauge_answers_total` (computed, or
kept from a moment ago), `hubgauge_answers_waiting`, and the process's own. Labels are names of ours, never what was
typed.

## A link to a view

`/?q=QUESTION` answers a question on the page. What is moved there goes into the address, so that a copied link shows
the same: `/?model=qwen3-32b&hardware=h100-sxm-80gb&gpus=2&context_tokens=8192&concurrency=16`, a second set-up with
`b.` before its keys, and `/?mode=raw&batch=128` for the simulator."""

EXAMPLES: Final[Mapping[str, tuple[str, str]]] = {
    "POST /v1/ask": ("/v1/ask", '{"question": "deepseek-v3 on 8×H100 FP8 at 32K"}'),
    "GET /v1/ask": ("/v1/ask?q=llama-3.1-8b+on+1xH100+at+8K", ""),
    "POST /v1/estimate": (
        "/v1/estimate",
        '{"model": "qwen3-32b", "hardware": "h100-sxm-80gb", "gpus": 2, "context_tokens": 8192, "concurrency": 16}',
    ),
    "POST /v1/recommend": (
        "/v1/recommend",
        '{"model": "llama-3.3-70b", "concurrency": 50, "context_tokens": 16384, "by": "cost"}',
    ),
    "POST /v1/explore": (
        "/v1/explore",
        '{"model": "llama-3.1-8b", "hardware": "l40s", "bandwidth_bytes_per_s": 1.7e12}',
    ),
    "POST /v1/roofline": (
        "/v1/roofline",
        (
            '{"n_active": 8e9, "compute": 80e12, "n_total": 12e9, "bandwidth": 200e9, "context_tokens": 8192, '
            '"kv_bytes": 2, "batch": 128}'
        ),
    ),
    "GET /v1/models/{model_id}": ("/v1/models/deepseek-ai/DeepSeek-V3", ""),
    "POST /v1/methods/{name}": (
        "/v1/methods/physics",
        (
            '{"parameters": 8e9, "active_parameters": 8e9, "bytes_per_parameter": 1, "tokens_per_s": 50, "gpus": 8, '
            '"bandwidth": 3.35e12}'
        ),
    ),
}
"""One for each operation that needs one; sent by a test."""

SHOWN_BOUNDS: Final = (
    ("exclusiveMinimum", "above {}"),
    ("minimum", "at least {}"),
    ("exclusiveMaximum", "below {}"),
    ("maximum", "at most {}"),
    ("maxLength", "at most {} characters"),
    ("maxItems", "at most {}"),
)


def page() -> str:
    """The whole page."""
    described = build(Settings(database_url="unused"), http_product(Loader())).openapi()
    schemas = described["components"]["schemas"]
    lines = [HEADER]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            lines += _operation(f"{method.upper()} {path}", operation, schemas)
    return "\n".join(lines) + "\n"


def _operation(name: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"## {name}", "", operation["description"])
    if name in EXAMPLES:
        yield from ("", f"    {_curl(*EXAMPLES[name])}")
    rows = [*_parameters(operation), *_body(operation, schemas)]
    if rows:
        yield from ("", "| key | is | default |", "|---|---|---|", *rows)
    answers = operation["responses"]
    yield from ("", f"Answers {_answer(answers['200'])}; otherwise {', '.join(sorted(answers.keys() - {'200'}))}.")


def _curl(address: str, body: str) -> str:
    return f"curl localhost:8000{address} --json '{body}'" if body else f"curl 'localhost:8000{address}'"


def _answer(answer: Mapping[str, Any]) -> str:
    schema = answer["content"]["application/json"]["schema"]
    return f"200 with `{schema['$ref'].rpartition('/')[2]}`"


def _parameters(operation: Mapping[str, Any]) -> Iterator[str]:
    for found in operation.get("parameters", ()):
        if found["in"] in {"path", "query"}:
            shown = found.get("description") or _kind(found["schema"])
            yield f"| `{found['name']}` ({found['in']}) | {shown} | {'needed' if found['required'] else ''} |"


def _body(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    if "requestBody" not in operation:
        return
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    model = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
    for key, found in model.get("properties", {}).items():
        default = "needed" if key in model.get("required", ()) else f"`{json.dumps(found.get('default'))}`"
        yield f"| `{key}` | {_kind(found)} | {default} |"


def _kind(schema: Mapping[str, Any]) -> str:
    """The type with its bounds, in a line."""
    if "anyOf" in schema:
        return ", or ".join(_kind(each) for each in schema["anyOf"])
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{each}`" for each in schema["enum"])
    kind = f"array of {_kind(schema['items'])}" if schema.get("type") == "array" else str(schema.get("type", "any"))
    bounds = [words.format(f"{schema[key]:,}".removesuffix(".0")) for key, words in SHOWN_BOUNDS if key in schema]
    return ", ".join([kind, *bounds])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.parse_args().file.write_text(page(), encoding="utf-8")
