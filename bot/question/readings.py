"""What the rules of the grammar have read, as numbers in base units.

The first mention of a thing counts. A rate is a wish only with a word that wishes ("at least 25 tok/s"); otherwise
it is a result that the asker measured, to be compared and not aimed at.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.question.numbers import amount, number
from bot.question.patterns import Pattern

_WISH: Final = Pattern(
    r"at least|atleast|(?<![a-z])at$|at about|>=|≥|>|min(?:imum)?|want|need|target|goal|require|expect|reach|hit|"
    r"达到|至少|不低于|"
    r"希望|要求|想要|目标|above|over|more than|no less|with$|for$|around$|guarantee|优化到|aim"
)
_RESULT: Final = Pattern(
    r"only|get|got|getting|gives me|speed|achiev|exceed|was|is|measured|about|around|eval|只有|速度|看到|得到|"
    r"达到了|hits|runs|ran|"
    r"see|seeing|throughput|约|大约|currently"
)
_REPORT: Final = Pattern(
    r"only|(?<![a-z])(?:get|gets|got|gives?|gave|giving|does|normal|expected\?|speed|measured|eval|bench|benchmark|slow|see|seeing|generates?|achieves?|tested|result|"
    r"performance|ran|runs|running|process|faster|slower|throughput)(?![a-z])|只有|速度|左右|输出"
)
"""Words of a report anywhere in the text: then a bare rate is a result, and in a question of facts a wish."""

_ASKS_WHETHER_NORMAL: Final = Pattern(
    r"(?:is (?:this|that|it)|this is|that's|sounds?|seems?) (?:expected|normal|ok|okay|right|slow|low|"
    r"too slow)|normal ?\?|"
    r"expected ?\?|正常吗|should (?:it|i|this) (?:be|get|see) (?:more|faster|higher)"
)
_SPLITS: Final[Mapping[str, str]] = {"tp": "tensor", "pp": "pipeline", "dp": "data", "ep": "expert"}
_NEGATIVE: Final = Pattern(r"(?<![\w)])-\d")
_MILLISECONDS: Final = frozenset({"ms", "millisecond", "milliseconds", "毫秒"})


@dataclass(slots=True, eq=False, repr=False)
class Readings:
    """Numbers with a meaning; None where the text says nothing."""

    context: int | None = None
    prompt: int | None = None
    output: int | None = None
    concurrency: int | None = None
    split: dict[str, int] = field(default_factory=dict)
    min_tokens_per_s: float | None = None
    max_ttft_s: float | None = None
    tokens_per_s: float | None = None
    ttft_s: float | None = None
    memory_fraction: float | None = None
    batched_tokens: int | None = None
    max_usd_per_hour: float | None = None
    requests_per_s: float | None = None
    system_memory_gb: float | None = None
    told: tuple[bool, bool] | None = None
    notes: list[str] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)

    def readers(self) -> Mapping[str, Callable[[Mapping[str, str]], None]]:
        """A function for each meaning of the grammar."""
        return {
            "seconds_per_token": self._read_seconds_per_token,
            "ttft": self._read_ttft,
            "tokens_per_s": self._read_rate,
            "usd_per_hour": self._read_price,
            "requests_per_s": self._read_requests,
            "system_memory": self._read_system_memory,
            "parallel": self._read_split,
            "fraction": self._read_fraction,
            "batched_tokens": self._read_batched,
            "lengths": self._read_lengths,
            "prompt": self._read_lengths,
            "output": self._read_lengths,
            "concurrency": self._read_concurrency,
            "context": self._read_context,
        }

    def take_results_as_wishes(self) -> None:
        """Where no machine is named nothing was measured: "which GPU gives 30 tok/s" wishes."""
        self.min_tokens_per_s, self.tokens_per_s = self.min_tokens_per_s or self.tokens_per_s, None
        self.max_ttft_s, self.ttft_s = self.max_ttft_s or self.ttft_s, None

    def _read_seconds_per_token(self, found: Mapping[str, str]) -> None:
        seconds = self._checked(_seconds(found), found)
        if not seconds:
            return
        if found["wish"] and self.min_tokens_per_s is None:
            self.min_tokens_per_s = round(1 / seconds, 6)
        elif self.tokens_per_s is None:
            self.tokens_per_s = round(1 / seconds, 6)

    def _checked(self, value: float, found: Mapping[str, str]) -> float:
        """The value of a time or rate; what is zero or below is kept to be refused."""
        if not value or _NEGATIVE.search(found["found"]) or found["before"].endswith((" -", "=-", "<-", ">-")):
            self.impossible.append(found["found"].strip())
        return value

    def _read_ttft(self, found: Mapping[str, str]) -> None:
        self._checked(_seconds(found), found)
        is_wish = bool(
            re.search(
                r"under|below|within|<|less|at most|max|(?<![a-z])of|以内|小于|不超过|低于|target|goal|in ",
                found["wish"],
            )
        )
        if is_wish and self.max_ttft_s is None:
            self.max_ttft_s = _seconds(found)
        elif self.ttft_s is None:
            self.ttft_s = _seconds(found)

    def _read_rate(self, found: Mapping[str, str]) -> None:
        rate = self._checked(number(found["value"]) * (1000 if found.get("kilo") else 1), found)
        before = found["before"].strip()
        if self.told is None:  # of the whole text, and so looked for once
            self.told = (
                bool(_ASKS_WHETHER_NORMAL.search(found["text"])),
                bool(_REPORT.search(found["text"])),
            )
        asks_whether_normal, is_report = self.told
        is_told = asks_whether_normal or bool(_RESULT.search(before)) or (is_report and not _WISH.search(before))
        is_wish = not is_told
        if is_wish and self.min_tokens_per_s is None:
            self.min_tokens_per_s = rate
        elif not is_wish and self.tokens_per_s is None:
            self.tokens_per_s = rate

    def _read_requests(self, found: Mapping[str, str]) -> None:
        rate = self._checked(number(found["value"]) * _SCALES[found["scale"]] / _seconds_of(found["period"]), found)
        self.requests_per_s = self.requests_per_s or rate

    def _read_price(self, found: Mapping[str, str]) -> None:
        """A budget per hour; a sum without a period buys a machine, and that is not estimated."""
        kilo = found["kilo"] or found["kilo_before"]
        dollars = self._checked(number(found["value"] or found["value_before"]) * _SCALES[kilo], found)
        text = found["found"].strip()
        if not found["period"]:
            self.notes.append(f'"{text}": prices here are rents; give a budget per hour, e.g. $10/hour')
            return
        if "€" in text or "eur" in text:
            self.notes.append(f'"{text}" is read as dollars')
        if found["period"][0] == "s" or found["period"].startswith("mi"):
            self.notes.append(f'"{text}": give a budget per hour, e.g. $10/hour')
            return
        per_hour = dollars * 3600 / _seconds_of(found["period"])
        self.max_usd_per_hour = self.max_usd_per_hour or per_hour

    def _read_system_memory(self, found: Mapping[str, str]) -> None:
        size_gb = float(found["value"]) * (1000 if found["unit"].startswith("t") else 1)
        self.system_memory_gb = self.system_memory_gb or size_gb

    def _read_split(self, found: Mapping[str, str]) -> None:
        kind = _SPLITS.get(found["kind"], found["kind"])
        self.split.setdefault(kind, int(found["degree"]))

    def _read_fraction(self, found: Mapping[str, str]) -> None:
        word = found["value"]
        fraction = float(word.rstrip("% ")) / 100 if word.endswith("%") else float(word)
        if not 0 < fraction <= 1:
            self.impossible.append(found["found"].strip())
        self.memory_fraction = self.memory_fraction or fraction

    def _read_batched(self, found: Mapping[str, str]) -> None:
        self.batched_tokens = self.batched_tokens or amount(found["value"])

    def _read_lengths(self, found: Mapping[str, str]) -> None:
        if self.prompt is None and found.get("prompt"):
            self.prompt = amount(found["prompt"])
        if self.output is None and found.get("output"):
            self.output = amount(found["output"])

    def _read_concurrency(self, found: Mapping[str, str]) -> None:
        self.concurrency = self._first("numbers of requests", self.concurrency, found.get("upper") or found["value"])

    def _read_context(self, found: Mapping[str, str]) -> None:
        self.context = self._first("contexts", self.context, found["value"])

    def _first(self, what: str, taken: int | None, typed: str) -> int | None:
        """The first of several that are named; the others are said."""
        value = amount(typed)
        if taken is not None and value is not None and value != taken:
            self.notes.append(f"several {what} are named: {taken:,} is taken; ask for {value:,} apart")
        return value if taken is None else taken


_SCALES: Final[Mapping[str, float]] = {"": 1, "k": 1e3, "m": 1e6}
"""Of requests and of money: K is a thousand here, and 1,024 for tokens alone."""

_PERIODS_S: Final = (
    ("qps", 1),
    ("rps", 1),
    ("rpm", 60),
    ("mo", 730 * 3600),
    ("s", 1),
    ("mi", 60),
    ("h", 3600),
    ("d", 86_400),
    ("w", 7 * 86_400),
    ("y", 8760 * 3600),
)
"""Seconds of a period by its beginning; a month is a twelfth of 8,760 hours."""


def _seconds_of(period: str) -> int:
    return next(seconds for beginning, seconds in _PERIODS_S if period.startswith(beginning))


def _seconds(found: Mapping[str, str]) -> float:
    value = number(found["value"])
    return value / 1000 if found["unit"] in _MILLISECONDS else value
