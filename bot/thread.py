"""A thread of questions: each message changes only what it names, and a question that is whole starts anew.

    previous = parse("deepseek-v3 on 8xH100 fp8 at 32k")
    follow_up(previous, "and on H200?")     8x H200, all else as before
    follow_up(previous, "what about int4?") int4
    follow_up(previous, "cheaper?")         machines for the same load, cheapest first
    follow_up(previous, "why?")             the arithmetic of the previous question

The face is small: `follow_up` reads a message; `is_addressed` says whether one that nobody addressed to the bot is
meant for it; `stored` and `restored` carry a `Query` through a store or a button. All of it is pure: no clock, no
network, nothing of Slack.

What is named replaces what was there: a card keeps the count of the card before it unless the message gives one, a
split is given up where it does not suit a new count, a context clears lengths that no longer fit in it. "vs H200" adds
to what is compared. What had to be given up is among the new query's `suggestions`.
"""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Final

from bot.errors import QuestionError
from bot.question import HardwareRef, Measured, ParallelRef, Query, parse, parse_fragment
from bot.question.stored import restored, stored
from bot.question.words import NUMBER_WORDS
from estimator.workload import DEFAULT_CONTEXT_TOKENS

if TYPE_CHECKING:
    from bot.question.query import Order

__all__ = ["NoFollowUp", "follow_up", "is_addressed", "restored", "stored"]


class NoFollowUp(QuestionError):
    """A message that changes nothing of the question before it: thanks, or words between people."""


_LEAD: Final = re.compile(
    r"^(?:(?:and|what about|how about|what if|same|but|then|ok(?:ay)?|or|now|so|instead|also|again|try|with|in|on|"
    r"at|for|is|would|will|vs\.?|versus|compared? (?:to|with)|against|using|那|如果|换成|换|改成|改|和)"
    r"(?![a-z])[ ,]*)+"
)
_ADDS: Final = re.compile(
    r"^(?:and )?(?:vs\.?|versus|compare[d]? (?:it |that )?(?:to|with)|against)(?![a-z])|(?<![a-z])(?:as well|too)\W*$"
)
_AGAIN: Final = re.compile(
    r"(?:how much|what)(?: does| would| will| is)?(?: it| that| this)?(?: cost| the cost| the price)?\W*|"
    r"(?:(?:show|give)(?: me)? )?the (?:launch )?(?:command|line|flags)\W*|again\W*|(?:and )?(?:the )?(?:price|cost)\W*"
)
_MACHINE_WISH: Final = re.compile(
    r"(?<![a-z])(?:(cheap(?:er|est)?|less (?:money|expensive)|便宜)|(fast(?:er|est)?|quick(?:er|est)|快)|"
    r"((?:fewer|fewest|less) (?:gpus?|cards)|small(?:er|est)(?! (?:context|model|batch))))(?![a-z])"
)
_ASKS_COUNT: Final = re.compile(r"how many(?: (?:gpus?|cards|of them|do i need|are needed|would i need).*)?\W*|几张.*")
_COUNT: Final = re.compile(
    r"(?:only |just |a )?(\d{1,4}|[a-z一单两双二三四五六七八十]+) ?(?:x|of (?:them|those|these)|gpus?|cards?|张|卡|块)?"
    r"(?: (?:be |are |is )?(?:enough|sufficient|ok|instead))*\W*"
)
_SCALE: Final = re.compile(
    r"(double|twice|half|triple)(?: of)?(?: the| as (?:many|much))?(?: number of)? "
    r"(context|users|requests|concurrency|load|gpus?|cards)\W*"
)
_SIZE: Final = re.compile(r"(?:the )?(\d{1,4}(?:\.\d)?b)(?: (?:one|model|version|instead))*\W*")
_SIZE_IN_NAME: Final = re.compile(r"(?<![a-z0-9.])\d{1,4}(?:\.\d)?b(?![a-z0-9])")
_FACTORS: Final = {"double": 2.0, "twice": 2.0, "triple": 3.0, "half": 0.5}
_MOST_WORDS: Final = 9


def follow_up(previous: Query, text: str) -> Query:
    """The question that a message in a thread asks, given the one before it.

    Raises `NoFollowUp` for a message that asks nothing, `QuestionError` for one that cannot be (a card that is not
    known, a context of 0), as `parse` does.
    """
    said = parse_fragment(text, _usual_count(previous))
    if said.intent == "help" or _is_whole(said, text):
        return parse(text)
    changed = _spoken(previous, _bare(text)) or _named(previous, said, adds=bool(_ADDS.search(text.lower().strip())))
    if changed is None:
        raise NoFollowUp(
            f'nothing in "{text[:80]}" changes the question before it',
            "name what is to change: a model, a machine, a format, a context, users",
            said.suggestions,
        )
    return changed


def is_addressed(text: str) -> bool:
    """Whether a message in a thread, not addressed to anyone, is meant for the bot: short, or begun as a follow-up.

    A front asks it where people talk to each other in the same thread; `follow_up` then says what is asked.
    """
    words = text.lower().split()
    return bool(words) and (
        len(words) <= _MOST_WORDS or (len(words) <= 2 * _MOST_WORDS and bool(_LEAD.match(" ".join(words))))
    )


def _usual_count(previous: Query) -> int | None:
    """How many cards a card without a count means: as many as before."""
    return previous.hardware[0].count if previous.hardware else 1


def _is_whole(said: Query, text: str) -> bool:
    """A question with all that it needs, and no word that ties it to the one before."""
    if said.intent == "pick":
        return bool(said.hardware or said.fits_in_gb)
    stands_alone = bool(said.hardware or said.fits_in_gb) or said.intent in {"recommend", "methods", "diagnose"}
    return bool(said.models) and stands_alone and not _LEAD.match(text.lower().strip())


def _bare(text: str) -> str:
    """The words without those that only tie them to the question before."""
    return _LEAD.sub("", " ".join(text.lower().replace("\u2019", "'").split()))


# -- what is said in words of its own -------------------------------------------------------------------------------


def _spoken(previous: Query, words: str) -> Query | None:
    """Changes that no question by itself would know: `why?`, `cheaper?`, `how about 2?`, `half the users`."""
    for read in _SPOKEN:
        changed = read(previous, words)
        if changed is not None:
            return changed
    return None


def _why(previous: Query, words: str) -> Query | None:
    is_asked = re.fullmatch(
        r"why(?: not| is that| so)?\W*|how (?:so|come)\W*|explain(?: (?:it|that|this|why))?\W*|"
        r"show (?:me )?the (?:arithmetic|math|maths|numbers)\W*|为什么\W*|解释.{0,4}",
        words,
    )
    return replace(previous, intent="explain", suggestions=()) if is_asked else None


def _wish(previous: Query, words: str) -> Query | None:
    found = _MACHINE_WISH.search(words)
    if found is None or len(words.split()) > 5 or re.search(r"\d", words):
        return None
    order: Order = "cost" if found[1] else "speed" if found[2] else "gpus"
    return replace(_on_any_machine(previous), order=order)


def _on_any_machine(previous: Query) -> Query:
    return replace(
        previous, intent="recommend", hardware=(), parallel=None, fits_in_gb=None, measured=Measured(), suggestions=()
    )


def _how_many(previous: Query, words: str) -> Query | None:
    if not _ASKS_COUNT.fullmatch(words) or not previous.hardware:
        return None
    cards = tuple(dict.fromkeys(replace(ref, count=None) for ref in previous.hardware))
    return replace(previous, intent="recommend", hardware=cards, parallel=None, suggestions=())


def _count(previous: Query, words: str) -> Query | None:
    found = _COUNT.fullmatch(words)
    if found is None or not previous.hardware:
        return None
    count = NUMBER_WORDS.get(found[1]) or (int(found[1]) if found[1].isdigit() else None)
    if not count:
        return None
    cards = tuple(dict.fromkeys(replace(ref, count=count) for ref in previous.hardware))
    return _with_cards(_estimated(previous), cards, None)


def _scaled(previous: Query, words: str) -> Query | None:
    found = _SCALE.fullmatch(words)
    if found is None:
        return None
    factor, what = _FACTORS[found[1]], found[2]
    if what.startswith(("gpu", "card")):
        cards = tuple(replace(ref, count=_times(ref.count, factor)) for ref in previous.hardware)
        return _with_cards(_estimated(previous), cards, None) if cards else None
    if what == "context":
        context = _times(previous.context_tokens or DEFAULT_CONTEXT_TOKENS, factor)
        return _with_lengths(_estimated(previous), Query(context_tokens=context))
    return replace(_estimated(previous), concurrency=_times(previous.concurrency or 1, factor))


def _times(number: int | None, factor: float) -> int | None:
    return None if number is None else max(1, round(number * factor))


def _other_size(previous: Query, words: str) -> Query | None:
    """`and the 70b?` after llama-3.1-8b is llama-3.1-70b."""
    found = _SIZE.fullmatch(words)
    if found is None or len(previous.models) != 1:
        return None
    name = _typed(previous)[0]
    renamed = _SIZE_IN_NAME.sub(found[1], name.lower(), count=1)
    if renamed == name.lower():
        return None
    note = f'"{found[1]}" is read as {renamed}'
    return replace(_estimated(previous), models=(renamed,), models_as_typed=(renamed,), suggestions=(note,))


def _again(previous: Query, words: str) -> Query | None:
    return replace(previous, suggestions=()) if words and _AGAIN.fullmatch(words) else None


_SPOKEN: Final[tuple[Callable[[Query, str], Query | None], ...]] = (
    _why,
    _how_many,
    _scaled,
    _other_size,
    _count,
    _again,
    _wish,
)


# -- what is named --------------------------------------------------------------------------------------------------

_SIMPLE: Final = (
    "weights",
    "kv_cache",
    "concurrency",
    "engine",
    "min_tokens_per_s",
    "max_ttft_s",
    "gpu_memory_utilization",
    "max_num_batched_tokens",
    "order",
    "capacity",
    "max_usd_per_hour",
    "requests_per_s",
    "system_memory_gb",
)
"""Fields that a message replaces one for one."""


def _named(previous: Query, said: Query, *, adds: bool) -> Query | None:
    """The previous question with what the message names in its place; None where it names nothing."""
    if _says_nothing(said):
        return None
    query = replace(_estimated(previous), suggestions=said.suggestions)
    query = replace(query, **{name: value for name in _SIMPLE if (value := getattr(said, name)) is not None})
    query = _with_lengths(query, said)
    if said.models:
        query = _with_models(query, said, adds=adds)
    if said.hardware:
        cards = tuple(dict.fromkeys((*query.hardware, *said.hardware))) if adds else said.hardware
        query = _with_cards(query, cards, said.parallel)
    elif said.fits_in_gb is not None:
        query = replace(query, hardware=(), fits_in_gb=said.fits_in_gb)
    elif said.parallel is not None:
        query = replace(query, parallel=_with_degrees(query.parallel, said.parallel))
    if said.measured != Measured():
        query = replace(query, measured=said.measured)
    if said.intent in {"recommend", "diagnose", "methods", "explain"}:
        query = replace(query, intent=said.intent)
    if said.intent == "recommend" and not said.hardware:
        query = replace(_on_any_machine(query), suggestions=query.suggestions)
    return query


def _says_nothing(said: Query) -> bool:
    return replace(said, suggestions=(), intent="estimate") == Query() and said.intent in {"estimate", "card", "pick"}


def _estimated(previous: Query) -> Query:
    """The previous question as one of figures: a change after `why?` or a card asks for an estimate again."""
    keeps = previous.intent in {"recommend", "methods", "diagnose"}
    intent = previous.intent if keeps else "estimate"
    return replace(previous, intent=intent, suggestions=(), launch=None, capacity=None)


def _with_models(query: Query, said: Query, *, adds: bool) -> Query:
    if not adds:
        return replace(query, models=said.models, models_as_typed=_typed(said))
    return replace(
        query,
        models=tuple(dict.fromkeys((*query.models, *said.models))),
        models_as_typed=tuple(dict.fromkeys((*_typed(query), *_typed(said)))),
    )


def _typed(query: Query) -> tuple[str, ...]:
    return query.models_as_typed if len(query.models_as_typed) == len(query.models) else query.models


def _with_cards(query: Query, cards: tuple[HardwareRef, ...], split: ParallelRef | None) -> Query:
    """On other cards; a split that was named for another number of them is given up, and that is said."""
    asks_count = any(ref.count is None for ref in cards)
    intent = "recommend" if asks_count else "estimate" if query.intent == "recommend" else query.intent
    query = replace(query, intent=intent, hardware=cards, fits_in_gb=None)
    if split is not None:
        return replace(query, parallel=_with_degrees(query.parallel, split))
    kept = query.parallel
    if kept is None or all(ref.count is not None and ref.count % kept.gpus == 0 for ref in cards):
        return query
    note = f"the split over {kept.gpus} GPUs does not suit the new number of cards: the best split is taken"
    return replace(query, parallel=None, suggestions=(*query.suggestions, note))


def _with_degrees(before: ParallelRef | None, named: ParallelRef) -> ParallelRef:
    """The split with the degrees that are named; experts spread no wider than the ranks that are left."""
    if before is None:
        return named
    merged = ParallelRef(*(getattr(named, part.name) or getattr(before, part.name) for part in fields(ParallelRef)))
    is_too_wide = named.expert is None and (merged.expert or 1) > (merged.tensor or 1) * (merged.data or 1)
    return replace(merged, expert=None) if is_too_wide else merged


def _with_lengths(query: Query, said: Query) -> Query:
    """Lengths and context as named; what was said before gives way where both cannot be."""
    if said.prompt_tokens is not None or said.output_tokens is not None:
        prompt, output = said.prompt_tokens or query.prompt_tokens, said.output_tokens or query.output_tokens
        query = replace(query, prompt_tokens=prompt, output_tokens=output)
        if (query.context_tokens or 0) < (prompt or 0) + (output or 0):
            query = replace(query, context_tokens=None)
    if said.context_tokens is not None:
        query = replace(query, context_tokens=said.context_tokens)
        if (query.prompt_tokens or 0) + (query.output_tokens or 0) > said.context_tokens:
            query = replace(query, prompt_tokens=said.prompt_tokens, output_tokens=said.output_tokens)
    return query
