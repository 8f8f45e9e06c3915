"""What the bot cannot do for a person.

    BotError
    ├── QuestionError     the text cannot be read as one question: what is missing or impossible, and what to type
    └── SettingsError     a variable of the environment that is missing or cannot be used

Each says what was asked (`message`) and what to try (`hint`); `suggestions` are texts that would have worked.
"""

from typing import Any, Final

from estimator.errors import EstimatorError
from ingest.errors import IngestError


class BotError(Exception):
    """A request that the bot cannot carry out."""

    def __init__(self, message: str, hint: str = "", suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.suggestions = suggestions


class QuestionError(BotError):
    """A text that cannot be read as one question."""


class SettingsError(BotError):
    """A setting that is missing or cannot be used."""


USER_ERRORS: Final = (BotError, IngestError, EstimatorError)
"""What a front prints as it stands; anything else is a bug and keeps its traceback."""


def error_json(error: Exception) -> dict[str, Any]:
    """One refusal as the contract's object: its kind, what was asked, what to try."""
    found: dict[str, Any] = {
        "type": type(error).__name__,
        "message": getattr(error, "message", str(error)),
        "hint": getattr(error, "hint", ""),
    }
    suggestions = getattr(error, "suggestions", ())
    if suggestions:
        found["suggestions"] = list(suggestions)
    return {"error": found}
