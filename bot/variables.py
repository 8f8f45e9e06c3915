"""The variables of the environment: one row each. `doctor` lists them, docs/configuration.md is written from them.

What reads them is `bot/settings.py` and `ingest/settings.py`; a test holds this table to what those ask for.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting: what it is for, what holds without it, and whether its value must be kept from view."""

    name: str
    purpose: str
    unset: str = ""
    is_secret: bool = False


VARIABLES: Final = (
    Variable(
        "HF_TOKEN", "reads gated and private models", "the token that `hf auth login` left, or nobody", is_secret=True
    ),
    Variable("HF_ENDPOINT", "another address of the Hub", "https://huggingface.co"),
    Variable("HF_HUB_OFFLINE", "answers from the catalogue and the cache only", "the Hub is asked"),
    Variable("HUBGAUGE_CACHE_DIR", "where small files of the Hub are kept", "`hubgauge` in the user's cache folder"),
    Variable(
        "HUBGAUGE_DATABASE_URL",
        "where Slack events are reserved; default SQLite",
        "`hubgauge.db` in the user's data folder",
        is_secret=True,
    ),
    Variable("HUBGAUGE_WATCH", "1 runs the watcher beside `slack` and `serve`", "no watcher"),
    Variable("HUBGAUGE_HUB_WEBHOOK_SECRET", "proves the Hub's webhooks", "`/hub/webhook` takes none", is_secret=True),
    Variable("HUBGAUGE_DASK", "the Dask scheduler that scans use", "threads of the scan's own process"),
    Variable(
        "HUBGAUGE_PRICES",
        "where refreshed prices are kept; `bundled` for those shipped",
        "`prices.json` in the user's data folder",
    ),
    Variable("HUBGAUGE_HOST", "address of `hubgauge serve`", "127.0.0.1"),
    Variable("HUBGAUGE_PORT", "port of `hubgauge serve`", "8000"),
    Variable("HUBGAUGE_HEALTH_PORT", "where `hubgauge slack` answers /healthz, /readyz and /metrics", "nowhere"),
    Variable(
        "HUBGAUGE_API_KEYS",
        "who may ask the API, as name:key pairs; unset, whoever reaches it",
        "whoever reaches it",
        is_secret=True,
    ),
    Variable("HUBGAUGE_API_RATE", "requests per second of each key", "20"),
    Variable("SLACK_BOT_TOKEN", "the bot's token (xoxb-...)", "no Slack, or several workspaces", is_secret=True),
    Variable("SLACK_APP_TOKEN", "Socket Mode (xapp-...)", "`hubgauge slack` does not start", is_secret=True),
    Variable("SLACK_SIGNING_SECRET", "signed HTTP", "`/slack/events` is not there", is_secret=True),
    Variable("SLACK_CLIENT_ID", "several workspaces, each with its own token", "one workspace"),
    Variable("SLACK_CLIENT_SECRET", "as above", "one workspace", is_secret=True),
    Variable("SLACK_API_URL", "another address of Slack's Web API", "https://slack.com/api/"),
)

ALSO_READ: Final = (
    ("HUGGING_FACE_HUB_TOKEN", "an older name of `HF_TOKEN`"),
    ("HF_TOKEN_PATH", "the file that `hf auth login` writes"),
    ("HF_HOME", "the folder that holds that file"),
    ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "no token at all, wherever one may lie"),
    ("TRANSFORMERS_OFFLINE", "an older name of `HF_HUB_OFFLINE`"),
    ("XDG_CACHE_HOME", "the user's cache folder"),
    ("XDG_DATA_HOME", "the user's data folder"),
    ("NO_COLOR", "no colours on a terminal"),
)
"""What other programs read too; here they mean the same."""
