"""What the process counts, for Prometheus: one registry, on which every front hangs its own metrics.

Labels are names of ours (a route, a status, a kind of error), never a stranger's text: each value that a label takes
is kept for as long as the process lives.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds of the buckets of times: from a cached answer to a Hub that is out of reach."""

HTTP_REQUESTS: Final = Counter(
    "hubgauge_http_requests_total",
    "HTTP requests that were answered, by route, method and status.",
    ("route", "method", "status"),
    registry=REGISTRY,
)
HTTP_SECONDS: Final = Histogram(
    "hubgauge_http_request_seconds",
    "From the first byte of a request to the last of its answer.",
    ("route",),
    buckets=SECONDS,
    registry=REGISTRY,
)
HTTP_IN_FLIGHT: Final = Gauge("hubgauge_http_requests_in_flight", "Requests being answered now.", registry=REGISTRY)
ANSWERS: Final = Counter(
    "hubgauge_answers_total", "JSON answers, computed or kept from a moment ago.", ("how",), registry=REGISTRY
)
COMPUTING: Final = Gauge(
    "hubgauge_answers_waiting", "Answers being computed or waiting for a thread.", registry=REGISTRY
)
SLACK_TAKEN: Final = Counter(
    "hubgauge_slack_events_total",
    "What Slack brought that is to be answered: taken on, seen before, or turned away because too much waits.",
    ("outcome",),
    registry=REGISTRY,
)
SLACK_TAKE_SECONDS: Final = Histogram(
    "hubgauge_slack_take_seconds",
    "Time until an event is written down, after which Slack is told so.",
    buckets=SECONDS,
    registry=REGISTRY,
)
SLACK_ANSWER_SECONDS: Final = Histogram(
    "hubgauge_slack_answer_seconds",
    "From an event's arrival until Slack has its answer.",
    buckets=SECONDS,
    registry=REGISTRY,
)
SLACK_SENT: Final = Counter(
    "hubgauge_slack_sent_total",
    "Calls to Slack by method and what became of them: sent, later, unsure, refused, fatal.",
    ("method", "fate"),
    registry=REGISTRY,
)
SLACK_WAITING: Final = Gauge("hubgauge_slack_waiting", "Questions of all replicas that wait.", registry=REGISTRY)
SLACK_OLDEST_SECONDS: Final = Gauge(
    "hubgauge_slack_oldest_waiting_seconds", "How long the oldest of them has waited.", registry=REGISTRY
)


def exposition() -> bytes:
    """Everything counted so far, in the text format that `CONTENT_TYPE` names."""
    return generate_latest(REGISTRY)
