"""The buttons and menus below an answer. Each says what a person could type in the thread: "on h200", "at 32k".

A press is read as that follow-up of the answer's query, so that a button and a sentence never differ. The message
carries a token alone; the query lies in the database (`bot.store.answers`). Pure: a query in, blocks out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.question import Query

Block = dict[str, Any]

ASK: Final = "ask"
"""Action ids of menus and buttons whose value is a follow-up begin so."""
WHY: Final = "why"
REFINE: Final = "refine"
SHARE: Final = "share"
FEEDBACK: Final = "feedback"
ACTIONS: Final = (ASK, WHY, REFINE, SHARE, FEEDBACK)
BLOCK: Final = "answer"

FORMATS: Final = {
    "bf16": "BF16",
    "fp8": "FP8",
    "int8": "INT8",
    "int4": "INT4 (AWQ, GPTQ)",
    "mxfp4": "MXFP4",
    "nvfp4": "NVFP4",
    "q8_0": "GGUF Q8_0",
    "q4_k_m": "GGUF Q4_K_M",
}
CARDS: Final = {
    "h100-sxm-80gb": "H100 80 GB",
    "h200-sxm-141gb": "H200 141 GB",
    "b200-sxm": "B200",
    "b300-sxm": "B300",
    "a100-sxm-80gb": "A100 80 GB",
    "l40s": "L40S",
    "l4": "L4",
    "rtx-4090": "RTX 4090",
    "rtx-5090": "RTX 5090",
    "mi300x": "MI300X",
    "mi355x": "MI355X",
}
COUNTS: Final = (1, 2, 4, 8, 16)
CONTEXTS: Final = {4096: "4K", 8192: "8K", 16384: "16K", 32768: "32K", 65536: "64K", 131072: "128K"}


def controls(token: str, query: Query, *, is_private: bool) -> list[Block]:
    """Menus, buttons and feedback for an answer; menus only where the query is about one machine."""
    has_machine = len(query.hardware) == 1 and query.hardware[0].count is not None and query.launch is None
    blocks = [_row(token, "menus", _menus(query))] if query.models and has_machine else []
    return [*blocks, _row(token, "buttons", _buttons(query, is_private=is_private)), _feedback(token)]


def token_of(block_id: str) -> str:
    """The token that a block of ours carries; empty for any other block."""
    kind, _, rest = block_id.partition(":")
    token, _, place = rest.partition(":")
    return token if kind == BLOCK and place else ""


def menu(action_id: str, placeholder: str, options: Mapping[str, str], chosen: str | None = None) -> Block:
    """A menu of values and their texts; with one chosen where it is among them."""
    rows = [option(value, text) for value, text in options.items()]
    found: Block = {"type": "static_select", "action_id": action_id, "placeholder": plain(placeholder)}
    found["options"] = rows
    if chosen is not None and chosen in options:
        found["initial_option"] = option(chosen, options[chosen])
    return found


def option(value: str, text: str) -> Block:
    """One row of a menu."""
    return {"text": plain(text), "value": value}


def plain(text: str) -> Block:
    """Text that Slack does not parse."""
    return {"type": "plain_text", "text": text, "emoji": False}


def button(action_id: str, text: str, says: str, **more: Any) -> Block:
    """A button; `says` is read aloud."""
    return {"type": "button", "action_id": action_id, "text": plain(text), "accessibility_label": says, **more}


def _row(token: str, place: str, elements: Iterable[Block]) -> Block:
    return {"type": "actions", "block_id": f"{BLOCK}:{token}:{place}", "elements": list(elements)}


def _menus(query: Query) -> Iterable[Block]:
    ref = query.hardware[0]
    cards = {f"on {card}": name for card, name in CARDS.items()}
    counts = {f"{count}x": f"{count} GPU" if count == 1 else f"{count} GPUs" for count in COUNTS}
    formats = {f"in {name}": text for name, text in FORMATS.items()}
    contexts = {f"at {text.lower()}": f"{text} context" for text in CONTEXTS.values()}
    others = {f"vs {card}": f"with {name}" for card, name in CARDS.items() if card != ref.id}
    context = CONTEXTS.get(query.context_tokens or 0, "")
    yield menu(f"{ASK}:card", "GPU", cards, f"on {ref.id}")
    yield menu(f"{ASK}:count", "How many", counts, f"{ref.count}x")
    yield menu(f"{ASK}:format", "Format", formats, f"in {query.weights}")
    yield menu(f"{ASK}:context", "Context", contexts, f"at {context.lower()}")
    yield menu(f"{ASK}:compare", "Compare", others)


def _buttons(query: Query, *, is_private: bool) -> Iterable[Block]:
    if query.intent not in {"explain", "help", "card", "pick"} and query.hardware:
        yield button(WHY, "Show the arithmetic", "Show how each figure comes about, to me alone")
    if query.models:
        yield button(REFINE, "Refine…", "Change several things at once, in a form")
    if is_private:
        yield button(SHARE, "Share", "Post this answer for everybody here")
    if not query.models and not is_private:
        yield button(REFINE, "Ask…", "Ask in a form")


def _feedback(token: str) -> Block:
    pair = {
        "type": "feedback_buttons",
        "action_id": FEEDBACK,
        "positive_button": {"text": plain("Helpful"), "value": "good", "accessibility_label": "This answer helped"},
        "negative_button": {"text": plain("Wrong"), "value": "bad", "accessibility_label": "This answer is wrong"},
    }
    return {"type": "context_actions", "block_id": f"{BLOCK}:{token}:feedback", "elements": [pair]}
