"""What the environment says about the fronts: Slack, the HTTP server and the database, read once and passed on.

Secrets have no part in the text form of these settings, so that no log or traceback shows them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

SLACK_API_URL: Final = "https://slack.com/api/"
TOKEN_PREFIXES: Final = {"SLACK_BOT_TOKEN": "xoxb-", "SLACK_APP_TOKEN": "xapp-"}
TRUE_WORDS: Final = frozenset({"1", "on", "yes", "true"})
HIGHEST_PORT: Final = 65_535
HIGHEST_RATE_PER_S: Final = 1e6


@dataclass(frozen=True, slots=True)
class Settings:
    """How people reach us.

    `drain_s` is how long a stopping process goes on answering what it has taken on; what is left stays in the
    database for the next one. `health_port` is where a bot on Slack's socket says how it is.
    `api_rate_per_s` is what each of `api_keys` may ask. `watches` has the watcher run beside a front.
    """

    database_url: str = field(repr=False)
    slack_bot_token: str | None = field(default=None, repr=False)
    slack_app_token: str | None = field(default=None, repr=False)
    slack_signing_secret: str | None = field(default=None, repr=False)
    slack_client_id: str | None = None
    slack_client_secret: str | None = field(default=None, repr=False)
    slack_api_url: str = SLACK_API_URL
    host: str = "127.0.0.1"
    port: int = 8000
    health_port: int | None = None
    drain_s: float = 20.0
    api_keys: str | None = field(default=None, repr=False)
    api_rate_per_s: float = 20.0
    hub_webhook_secret: str | None = field(default=None, repr=False)
    watches: bool = False
    dask: str | None = None

    @property
    def has_signed_slack(self) -> bool:
        """Whether Slack may call us over HTTP: requests are verified with one secret and answered with another."""
        return bool(self.slack_signing_secret and (self.slack_bot_token or self.has_many_workspaces))

    @property
    def has_many_workspaces(self) -> bool:
        """Whether each workspace brings its own token, by installing the app from our page."""
        return bool(not self.slack_bot_token and self.slack_client_id and self.slack_client_secret)


def read_settings(environ: Mapping[str, str], *, platform: str = sys.platform, home: Path | None = None) -> Settings:
    """The settings that these environment variables spell; empty ones count as unset.

    Raises `SettingsError` for a value that cannot be used. What a front needs it asks for itself, by `needed`.
    """
    return Settings(
        slack_bot_token=_token(environ, "SLACK_BOT_TOKEN"),
        slack_app_token=_token(environ, "SLACK_APP_TOKEN"),
        slack_signing_secret=_word(environ, "SLACK_SIGNING_SECRET"),
        slack_client_id=_word(environ, "SLACK_CLIENT_ID"),
        slack_client_secret=_word(environ, "SLACK_CLIENT_SECRET"),
        slack_api_url=_api_url(environ),
        database_url=_word(environ, "HUBGAUGE_DATABASE_URL") or _own_database(environ, platform, home),
        host=_word(environ, "HUBGAUGE_HOST") or "127.0.0.1",
        port=8000 if (port := _port(environ, "HUBGAUGE_PORT")) is None else port,
        health_port=_port(environ, "HUBGAUGE_HEALTH_PORT"),
        api_keys=_word(environ, "HUBGAUGE_API_KEYS"),
        api_rate_per_s=_rate(environ),
        hub_webhook_secret=_word(environ, "HUBGAUGE_HUB_WEBHOOK_SECRET"),
        watches=(_word(environ, "HUBGAUGE_WATCH") or "").lower() in TRUE_WORDS,
        dask=_word(environ, "HUBGAUGE_DASK"),
    )


def needed(value: str | None, name: str, where: str) -> str:
    """The value, or a `SettingsError` that names the variable and where to find it."""
    if not value:
        raise SettingsError(f"{name} is not set", f"{where}; see docs/slack.md")
    return value


def _word(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None


def _token(environ: Mapping[str, str], name: str) -> str | None:
    token = _word(environ, name)
    prefix = TOKEN_PREFIXES[name]
    if token and not token.startswith(prefix):
        raise SettingsError(f"{name} does not start with {prefix}", "the two tokens of the Slack app may be swapped")
    return token


def _api_url(environ: Mapping[str, str]) -> str:
    url = _word(environ, "SLACK_API_URL") or SLACK_API_URL
    if not url.startswith(("http://", "https://")):
        raise SettingsError("SLACK_API_URL is no http(s) address", f"leave it unset for {SLACK_API_URL}")
    return url.rstrip("/") + "/"


def _port(environ: Mapping[str, str], name: str) -> int | None:
    text = _word(environ, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= HIGHEST_PORT):
        raise SettingsError(f"{name} is {text!r}, no port", f"a whole number up to {HIGHEST_PORT}")
    return int(text)


def _rate(environ: Mapping[str, str]) -> float:
    text = _word(environ, "HUBGAUGE_API_RATE") or "20"
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= HIGHEST_RATE_PER_S:
        raise SettingsError(
            f"HUBGAUGE_API_RATE is {text!r}, no rate", "requests per second of each key, 20 for example"
        )
    return rate


def _own_database(environ: Mapping[str, str], platform: str, home: Path | None) -> str:
    folder = data_dir(environ, platform, home)
    if folder is None:
        raise SettingsError("no folder for our database: HOME is not set", "set HUBGAUGE_DATABASE_URL")
    return f"sqlite:///{folder / 'hubgauge.db'}"


def data_dir(environ: Mapping[str, str], platform: str = sys.platform, home: Path | None = None) -> Path | None:
    """The user's folder for data, as the platform has it."""
    named = _word(environ, "HOME") or _word(environ, "USERPROFILE")
    home = home or (Path(named) if named else None)
    if platform == "win32" and (local := _word(environ, "LOCALAPPDATA")):
        return Path(local) / "hubgauge"
    if platform == "darwin" and home:
        return home / "Library" / "Application Support" / "hubgauge"
    if xdg := _word(environ, "XDG_DATA_HOME"):
        return Path(xdg) / "hubgauge"
    return home / ".local" / "share" / "hubgauge" if home else None
