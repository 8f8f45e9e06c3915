"""`/hubgauge watch Qwen on 8xH100`: this channel is told of what is new; `watch` lists, `unwatch ID` ends."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import BotError
from bot.watch.subscriptions import SubscriptionStore, read_target
from bot.watch.tables import HISTORY
from ingest.errors import StoreUnavailable
from ingest.store.database import reason
from ingest.store.history import upgrade

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt.async_app import AsyncAck, AsyncApp
    from sqlalchemy import Engine

    from bot.slack.service import Service
    from bot.watch.subscriptions import Subscription

log = logging.getLogger(__name__)

COMMAND: Final = "/hubgauge"
WATCH: Final = "watch"
UNWATCH: Final = "unwatch"
AWAY: Final = "Subscriptions cannot be kept at the moment. Please try again in a few minutes."
HELP: Final = "Type for example: `/hubgauge watch Qwen on 8xH100 at 32K`, or `everything over 30B base only daily 9`."
_ESCAPED: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "ˋ"})


def register(app: AsyncApp, service: Service) -> None:
    """Listens for the command where it begins with these words."""

    async def is_ours(command: dict[str, Any]) -> bool:
        return _word(command) in {WATCH, UNWATCH}

    async def on_command(ack: AsyncAck, command: dict[str, Any]) -> None:
        try:
            said = await asyncio.to_thread(answer, service.store.engine, command)
        except (SQLAlchemyError, StoreUnavailable) as error:
            log.error("the database fails (%s)", reason(error) if isinstance(error, SQLAlchemyError) else "not open")  # noqa: TRY400  # SQL holds texts
            said = AWAY
        await ack(said)

    app.command(COMMAND, matchers=[is_ours])(on_command)


def answer(engine: Engine, command: Mapping[str, Any]) -> str:
    """What the asker reads, once it is done."""
    upgrade(engine, HISTORY)  # looks, and finds it done but for the first time
    store, words = SubscriptionStore(engine), " ".join(str(command.get("text") or "").split()[1:])
    try:
        target = read_target(_place(command), allows_files=False)
        if _word(command) == UNWATCH:
            return (
                "Ended."
                if store.remove(words.strip(), target)
                else f"This channel has no subscription {_shown(words)}."
            )
        if not words:
            return _listed(store, target)
        made = store.add(words, target, f"slack:{command.get('user_id', '')}")
    except BotError as error:
        return f"{_shown(error.message)}. {HELP}"
    return (
        f"This channel is told of {_shown(made.words)}. `/hubgauge unwatch {made.id}` ends it. Is the bot invited here?"
    )


def made_by(engine: Engine, team: str, user: str) -> list[Subscription]:
    """The subscriptions that this person made in this workspace: others' may be of channels that they do not see."""
    upgrade(engine, HISTORY)
    return [each for each in SubscriptionStore(engine).all() if _is_of(each, team, user)]


def end(engine: Engine, team: str, user: str, name: str) -> None:
    """Ends the subscription of that id, if this person made it."""
    if any(each.id == name for each in made_by(engine, team, user)):
        SubscriptionStore(engine).remove(name)


def _is_of(subscription: Subscription, team: str, user: str) -> bool:
    is_here = subscription.target.startswith(f"slack:{team}/" if team else "slack:")
    return is_here and bool(user) and subscription.made_by == f"slack:{user}"


def _listed(store: SubscriptionStore, target: str) -> str:
    found = [
        f"• {_shown(each.words)} (`/hubgauge unwatch {each.id}` ends it){_rest(each)}" for each in store.all(target)
    ]
    return "\n".join(["This channel is told of:", *found]) if found else f"This channel is told of nothing. {HELP}"


def _rest(subscription: Subscription) -> str:
    because = subscription.paused_because
    return f" – rests since Slack said {_shown(because)}: type it again to go on" if because else ""


def _place(command: Mapping[str, Any]) -> str:
    team = str(command.get("team_id") or "")
    return f"slack:{team}{'/' if team else ''}{command.get('channel_id', '')}"


def _word(command: Mapping[str, Any]) -> str:
    return str(command.get("text") or "").strip().partition(" ")[0].lower()


def _shown(text: str) -> str:
    return text[:300].translate(_ESCAPED)
