"""The table of variables names what the settings read, and nothing else."""

from collections.abc import Iterator, Mapping

from bot import prices, settings
from bot.variables import ALSO_READ, VARIABLES
from ingest import settings as hub_settings

OF_THE_PLATFORM = {"HOME", "USERPROFILE", "LOCALAPPDATA"}


class Asked(Mapping[str, str]):
    """An environment in which nothing is set but a home, and which keeps what it was asked."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        if name == "HOME":
            return "/nowhere"
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(("HOME",))

    def __len__(self) -> int:
        return 1


def asked() -> set[str]:
    environ = Asked()
    settings.read_settings(environ)
    hub_settings.read_settings(environ)
    prices.prices_path(environ)
    return environ.names


def test_every_variable_of_the_table_is_read() -> None:
    assert {variable.name for variable in VARIABLES} - asked() == set()


def test_every_variable_that_is_read_is_in_the_table() -> None:
    named = {variable.name for variable in VARIABLES} | {name for name, _ in ALSO_READ}
    assert asked() - named - OF_THE_PLATFORM == set()


def test_what_the_settings_keep_from_view_is_called_a_secret() -> None:
    told = {"HOME": "/nowhere", **{variable.name: f"shown-{variable.name}" for variable in VARIABLES}}
    told |= {
        "HUBGAUGE_PORT": "1",
        "HUBGAUGE_HEALTH_PORT": "2",
        "HUBGAUGE_API_RATE": "1",
        "SLACK_API_URL": "https://shown-SLACK_API_URL",
    }
    told |= {"SLACK_BOT_TOKEN": "xoxb-shown-SLACK_BOT_TOKEN", "SLACK_APP_TOKEN": "xapp-shown-SLACK_APP_TOKEN"}
    shown = f"{settings.read_settings(told)} {hub_settings.read_settings(told)}"
    assert [variable.name for variable in VARIABLES if variable.is_secret and f"shown-{variable.name}" in shown] == []
