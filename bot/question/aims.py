"""What is to be most or least: the most users, the longest context, the cheapest, fastest or smallest machine."""

from typing import Final

from bot.question.patterns import Pattern
from bot.question.query import Capacity, Intent, Order

_USERS: Final = Pattern(
    r"how many (?:concurrent |simultaneous |parallel |active )*(?:users?|requests?|people|persons|sessions?|"
    r"clients?|devs|"
    r"developers|agents|chats|conversations|seats|sequences)|max(?:imum)?(?: number of)? (?:concurren(?:t|cy)|users|"
    r"requests|batch(?:[ -]?size)?|load)|(?:最大|多少|支持多少|最多)(?:的)?(?:并发|用户|人)|并发(?:上限|人数|"
    r"多少|能到多少)|"
    r"largest batch|users? (?:can|could) (?:it|i|we) (?:serve|handle|support)"
)
_CONTEXT: Final = Pattern(
    r"(?:max(?:imum)?|longest|largest|biggest)(?: [a-z]+){0,2}? (?:context|ctx|prompt|sequence|input)|max[-_ ]?ctx|"
    r"how (?:long|large|big|much)(?: of)?(?: an?| the| is the)? ?(?:context|ctx|prompt|sequence)|"
    r"(?:最大|最长|多长|多大|多少)(?:的)?(?:上下文|长度)|上下文(?:最大|最长|能到|多长|多大|多少)|"
    r"how many (?:context )?tokens (?:of "
    r"context|fit|can (?:i|we) fit)|what context|max-model-len for"
)
_ORDERS: Final[tuple[tuple[Order, Pattern], ...]] = (
    ("cost", Pattern(r"cheap|lowest cost|least expensive|most (?:economical|cost)|便宜|性价比|budget")),
    ("speed", Pattern(r"(?<![a-z])fastest|quickest|lowest latency|highest throughput|most tokens|最快")),
    ("gpus", Pattern(r"(?<![a-z])(?:fewest|smallest (?:number|amount)|least (?:number of )?(?:gpus|cards))|最少")),
)
_GATE: Final = (
    "max",
    "how",
    "many",
    "most",
    "est",
    "lowe",
    "bud",
    "cheap",
    "并",
    "多",
    "最",
    "便",
    "性",
    "what",
    "users",
    "上",
)


def read_capacity(text: str, intent: Intent) -> Capacity | None:
    """What the most is asked of, in a question of figures."""
    if intent not in {"estimate", "diagnose"} or not _may_ask(text):
        return None
    if _CONTEXT.search(text):
        return "context"
    return "users" if _USERS.search(text) else None


def read_order(text: str, intent: Intent) -> Order | None:
    """What machines are to be ranked by, where the question says."""
    if intent != "recommend" or not _may_ask(text):
        return None
    return next((order for order, pattern in _ORDERS if pattern.search(text)), None)


def _may_ask(text: str) -> bool:
    return any(mark in text for mark in _GATE)
