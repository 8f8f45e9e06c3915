"""Which page is written by what."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.http.reference import page as api
from bot.question.page import page as questions
from bot.reference import accelerators, commands, configuration, constants, engines, metrics
from ingest.catalogue import bundled_catalogue
from ingest.catalogue.page import page as models
from ingest.families.page import page as families

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "accelerators.md": accelerators.page,
    "api.md": api,
    "commands.md": commands.page,
    "configuration.md": configuration.page,
    "constants.md": constants.page,
    "engines.md": engines.page,
    "families.md": families,
    "metrics.md": metrics.page,
    "models.md": lambda: models(bundled_catalogue()),
    "questions.md": questions,
}
