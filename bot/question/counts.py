"""How many cards, in how many machines: counts that stand apart from a card's name.

`2 nodes of 8`, `one H200 node (8 gpus)`, `how many`: what the seat beside a name cannot know.
"""

import re
from typing import Final

from bot.question.machines import GPUS_PER_SERVER, Found, Machines, is_unified
from bot.question.patterns import Pattern
from bot.question.words import NUMBER_WORDS
from estimator.gpus import GPUS

_NUMBER: Final = r"(\d{1,3}|one|two|three|four|five|six|seven|eight|ten|dual|single|[一单两双二三四五六七八十])"
_NODES: Final = Pattern(
    rf"(?<![a-z0-9.]){_NUMBER}[- ]?(?:x )?(?:个|台)?(?:[a-z]\d{{2,3}} )?"
    r"(?:nodes?(?![a-z])|machines?(?![a-z])|servers?(?![a-z])|hosts?(?![a-z])|boxes(?![a-z])|台|机(?!器)|节点)"
)
_NODE_WORDS: Final = ("node", "machine", "server", "host", "box", "台", "机", "节点")
_SEVERAL_MACHINES: Final = ("s", "台", "机", "节点")
_NODES_AFTER_CARD: Final = Pattern(
    r" ?'?s? ?-?(?:based )?(?:nodes?|machines?|servers?|boxes|hosts?|台|机(?!器)|节点)(?![a-z])"
)
_DENIED: Final = Pattern(r"(?:not need|n't need|without|no need (?:for|of)|instead of)(?: the)? ?$")
_ACROSS: Final = Pattern(r"(?:across|over|spread|split|distributed|in total|total|跨|共|总共)")
_EACH: Final = Pattern(r"(?:per node|each|every|per machine|per server|nodes? of|nodes? x|nodes? with|每台|每机|单机)")
_GPU_COUNT: Final = Pattern(
    rf"(?<![a-z0-9.]){_NUMBER} ?(?:x |\*)?(?:gpus?(?![a-z])|cards?(?![a-z])|chips?(?![a-z])|"
    r"张?显?卡(?!上)|块显?卡|块gpu|张gpu)"
)
_HOW_MANY: Final = Pattern(
    r"(?:how many|number of|how much|minimum (?:number|count) of|min(?:imum)?)(?: of)?(?: the)?(?: [a-z-]+){0,2}? ?"
    r"(?:gpus?|cards?|chips?|nodes?|machines?|devices?|accelerators?)|(?:几|多少)(?:张|块|卡|个|台|片|机)|多少gpu"
)
_ASKING_WORDS: Final = ("many", "number", "much", "min", "几", "多少")
_ASKS_MACHINES: Final = Pattern(
    r"how many (?:[a-z0-9]+ ){0,2}(?:nodes|machines|servers|boxes)|(?:几|多少)个?(?:台|节点)"
)
_HOW_MANY_CARD: Final = Pattern(r"(?:how many|number of|how much|几|多少)[a-z张块个台片的 ]{0,20}$")


def node_count(text: str, cards: list[Found]) -> int | None:
    """Machines named apart from a card's own product; None where none or denied."""
    if not any(word in text for word in _NODE_WORDS):
        return None
    for found in _NODES.finditer(text):
        if _DENIED.search(text[: found.start()]):
            continue
        number = NUMBER_WORDS.get(found[1]) or int(found[1])
        own = any(card.span[0] <= found.start() < card.span[1] and card.seat.machines > 1 for card in cards)
        if not own:
            return number
    return None


def apply_machines(text: str, cards: list[Found], nodes: int | None, machines: Machines) -> None:
    """Multiplies the cards of one machine by the machines; what had to be assumed is noted."""
    has_nodes = any(word in text for word in _NODE_WORDS)
    for card in cards:
        seat = card.seat
        if seat.count is not None and seat.machines > 1:
            seat.count *= seat.machines
            continue
        followed = has_nodes and _NODES_AFTER_CARD.match(text, card.span[1])
        if followed and seat.count is not None and (outer := _number_before(text, card.span[0])):
            seat.count *= outer
        elif followed and seat.count == 1 and _GPU_COUNT.search(text, card.span[1]):
            seat.count = None  # `one H200 node (8 gpus)`
        elif followed and _counts_machines(text, card, followed[0]):
            _whole_servers(card, machines)
        elif nodes is not None and seat.count is None:
            seat.count = nodes
            _whole_servers(card, machines)
        elif nodes and nodes > 1 and seat.count and _is_per_node(text, seat.count, nodes):
            seat.count *= nodes


def _counts_machines(text: str, card: Found, word: str) -> bool:
    """`2 H100 nodes` counts machines; `8xH100 nodes` and `8 GPU H100 machine` count cards."""
    if (card.seat.count or 0) < 2 or "gpu" in text[card.span[0] : card.span[1]] or not word.endswith(_SEVERAL_MACHINES):
        return False
    return not bool(re.match(r"\d+ ?[x*卡张块]", text[card.span[0] : card.span[1]]))


def _whole_servers(card: Found, machines: Machines) -> None:
    """Machines without a count of cards: eight each where servers hold eight; said."""
    servers = card.seat.count or 1
    per_server = GPUS_PER_SERVER if GPUS[card.gpu_id].link_domain_gpus >= GPUS_PER_SERVER else 1
    if servers > 1 and per_server > 1:
        card.seat.count = servers * per_server
        machines.notes.append(
            f"{servers} machines of {card.typed}: {per_server} GPUs in each assumed; "
            f"say e.g. {servers}x4 {card.typed} otherwise"
        )
    elif servers == 1:
        card.seat.count = None


def _number_before(text: str, start: int) -> int | None:
    found = re.search(rf"(?<![a-z0-9.]){_NUMBER}(?: ?[x*])? ?$", text[max(0, start - 12) : start])
    return (NUMBER_WORDS.get(found[1]) or int(found[1])) if found else None


def _is_per_node(text: str, count: int, nodes: int) -> bool:
    """Whether a count is that of one machine: said so, or small enough and not said to be spread."""
    if _EACH.search(text):
        return count <= GPUS_PER_SERVER or bool(re.search(r"per (?:node|machine|server)|each|每", text))
    if _ACROSS.search(text) or (count % nodes == 0 and count > GPUS_PER_SERVER):
        return False
    return count <= GPUS_PER_SERVER


def apply_loose_count(
    text: str, cards: list[Found], nodes: int | None, replica_gpus: int | None, default: int | None
) -> None:
    """A count that stands apart from its only card; None where the count is what is asked."""
    asks = any(word in text for word in _ASKING_WORDS)
    if asks and _ASKS_MACHINES.search(text):
        for card in cards:
            card.seat.count = None
        return
    uncounted = [card for card in cards if card.seat.count is None]
    if not uncounted:
        return
    asked = asks and _asks_how_many(text, uncounted)
    has_loose = any(word in text for word in ("gpu", "card", "chip", "卡"))
    loose = _GPU_COUNT.search(text) if has_loose and not asked else None
    for card in uncounted:
        if asked:
            continue
        number = (NUMBER_WORDS.get(loose[1]) or int(loose[1])) if loose and len(uncounted) == 1 else None
        usual = replica_gpus or (1 if is_unified(GPUS[card.gpu_id]) else default)
        card.seat.count = number if number is not None else usual
        if nodes and nodes > 1 and number and _is_per_node(text, number, nodes):
            card.seat.count = number * nodes


def _asks_how_many(text: str, cards: list[Found]) -> bool:
    if any(_HOW_MANY_CARD.search(text[max(0, card.span[0] - 40) : card.span[0]]) for card in cards):
        return True
    return any(not _counts_something_else(text, found.end()) for found in _HOW_MANY.finditer(text))


def _counts_something_else(text: str, end: int) -> bool:
    return bool(re.match(r" ?(?:memory|vram|ram|显存|用户|人)", text[end : end + 10]))
