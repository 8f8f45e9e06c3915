"""`hubgauge watch`: new models told to whom they matter, and the subscriptions that say to whom."""

import os
import sys
from typing import TYPE_CHECKING, TextIO

import click

from bot.cli.fronts import start
from bot.cli.lines import echo_json, fail
from bot.errors import USER_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.watch.subscriptions import Subscription, SubscriptionStore


@click.group("watch", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Watch the Hub and tell subscribers what is new, until SIGTERM or Ctrl-C.

    \b
    hubgauge watch add slack:C0123ABCD "Qwen on 8xH100 at 32K"
    hubgauge watch add lines:/var/log/releases.jsonl "everything over 30B base only"
    hubgauge watch add https://example.org/hook "trending daily 9 UTC+2"
    hubgauge watch load subscriptions.txt       # a line each: TARGET WORDS
    hubgauge watch list
    hubgauge watch                              # the watcher itself

    docs/watch.md has the words of a subscription.
    """
    if ctx.invoked_subcommand is None:
        start("slack", _run)


@command.command("add")
@click.argument("target")
@click.argument("words", nargs=-1, required=True)
def add(target: str, words: tuple[str, ...]) -> None:
    """Tell TARGET (slack:C..., an address, lines:/path) of what WORDS say."""
    from bot.watch.subscriptions import read_target

    _with_store(lambda store: _show([store.add(" ".join(words), read_target(target), "command line")]))


@command.command("load")
@click.argument("file", type=click.File(encoding="utf-8", errors="replace"))
def load(file: TextIO) -> None:
    """Add the subscriptions of FILE (- is stdin), a line each: TARGET WORDS."""
    _with_store(lambda store: _show(store.add_lines(file)))


@command.command("list")
def show() -> None:
    """List the subscriptions."""
    _with_store(lambda store: _show(store.all()))


@command.command("remove")
@click.argument("subscription")
def remove(subscription: str) -> None:
    """Remove the SUBSCRIPTION of that id."""

    def work(store: "SubscriptionStore") -> None:
        if not store.remove(subscription):
            click.echo(f"hubgauge: there is no subscription {subscription}", err=True)
            sys.exit(1)

    _with_store(work)


def _run() -> None:
    from bot.watch.service import run

    run()


def _show(subscriptions: "Iterable[Subscription]") -> None:
    for each in subscriptions:
        told = {"id": each.id, "target": each.shown, "words": each.words, "made_by": each.made_by}
        echo_json(told | ({"paused_because": each.paused_because} if each.paused_because else {}))


def _with_store(work: "Callable[[SubscriptionStore], object]") -> None:
    """The work on the subscriptions of the database; exit status 1 with what to try where it cannot be done."""
    from bot.settings import read_settings
    from bot.watch.subscriptions import SubscriptionStore
    from bot.watch.tables import open_watch

    try:
        engine = open_watch(read_settings(os.environ).database_url)
        try:
            work(SubscriptionStore(engine))
        finally:
            engine.dispose()
    except USER_ERRORS as error:
        fail(error, as_json=False)
