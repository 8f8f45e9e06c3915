"""What the estimator cannot answer.

    EstimatorError
    ├── UnknownGpu             no row of that name; near names offered
    ├── UnknownFormat          a weight or cache format without a row
    ├── UnknownRate            the card has no path for that format
    ├── IllegalLayout          a split that no engine can run
    ├── IllegalCombination     an engine that does not run on the card, or not in that format
    ├── ImpossibleValue        zero, negative or absurd counts, contexts and shapes
    └── UnknownMethod          no published method of that name, or a key it does not have

"Does not fit" is no error: it is an answer, with the shortfall as a value.
Each error says what was asked (`message`) and what to try (`hint`).
"""


class EstimatorError(Exception):
    """A question that the estimator cannot answer."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UnknownGpu(EstimatorError):
    """No accelerator of that name."""


class UnknownFormat(EstimatorError):
    """No weight or cache format of that name."""


class UnknownRate(EstimatorError):
    """The card has no path that runs this format: an error, never a guess."""


class IllegalLayout(EstimatorError):
    """A parallel layout that does not divide the model or the machine."""


class IllegalCombination(EstimatorError):
    """An engine that does not run on the card, or does not have the format."""


class ImpossibleValue(EstimatorError):
    """A count, context or shape that cannot be: zero, negative or absurd."""


class UnknownMethod(EstimatorError):
    """No published method of that name, or a key that the method does not have."""
