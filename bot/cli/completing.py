"""What a shell may offer for an argument: cards, methods, bundled models. Nothing here asks the Hub."""

import click
from click.shell_completion import CompletionItem


def cards(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of cards that begin so."""
    from estimator.gpus import GPUS  # only when a shell asks

    return [CompletionItem(name) for name in GPUS if name.startswith(incomplete.lower())]


def methods(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of published methods that begin so."""
    from estimator.methods import METHODS  # as above

    return [CompletionItem(name) for name in METHODS if name.startswith(incomplete)]


def models(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Bundled models whose id or bare name begins so; else files."""
    from ingest.catalogue import bundled_catalogue  # as above

    typed = incomplete.lower()
    ids = bundled_catalogue().repo_ids()
    found = [r for r in ids if r.lower().startswith(typed) or r.partition("/")[2].lower().startswith(typed)]
    return [CompletionItem(repo_id) for repo_id in found] or [CompletionItem(incomplete, type="file")]
