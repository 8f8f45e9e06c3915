"""What the fronts read from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import read_settings

HOME = Path("/home/ada")
SECRETS = {"SLACK_BOT_TOKEN": "xoxb-1-secret", "SLACK_APP_TOKEN": "xapp-1-secret", "SLACK_SIGNING_SECRET": "8f742231b"}


def test_an_empty_environment_serves_this_machine_only_and_keeps_its_data_at_home() -> None:
    settings = read_settings({}, platform="linux", home=HOME)
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.database_url == "sqlite:////home/ada/.local/share/hubgauge/hubgauge.db"
    assert not settings.has_signed_slack


def test_secrets_are_not_in_the_text_of_the_settings() -> None:
    settings = read_settings(
        {**SECRETS, "HUBGAUGE_DATABASE_URL": "postgresql://u:hunter2@h/d"}, platform="linux", home=HOME
    )
    assert settings.has_signed_slack
    assert not [secret for secret in (*SECRETS.values(), "hunter2") if secret in repr(settings)]


@pytest.mark.parametrize(
    ("platform", "environ", "path"),
    [
        ("darwin", {}, "/home/ada/Library/Application Support/hubgauge/hubgauge.db"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/hubgauge/hubgauge.db"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/hubgauge/hubgauge.db"),
    ],
)
def test_the_database_lies_where_the_platform_keeps_data(platform: str, environ: dict[str, str], path: str) -> None:
    assert read_settings(environ, platform=platform, home=HOME).database_url == f"sqlite:///{path}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUBGAUGE_PORT", "http"),
        ("HUBGAUGE_PORT", "65536"),
        ("HUBGAUGE_PORT", "-1"),
        ("SLACK_BOT_TOKEN", "xapp-swapped"),
        ("SLACK_APP_TOKEN", "xoxb-swapped"),
        ("SLACK_API_URL", "ftp://slack"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_no_token_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refusal:
        read_settings({name: value}, platform="linux", home=HOME)
    assert "swapped" not in refusal.value.message


def test_the_address_of_the_web_api_ends_in_a_slash() -> None:
    assert read_settings({"SLACK_API_URL": "http://127.0.0.1:1/api"}, home=HOME).slack_api_url.endswith("/api/")
