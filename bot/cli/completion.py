"""`hubgauge completion SHELL`: the script that lets a shell complete commands, cards, models and methods."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_HUBGAUGE_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    eval "$(hubgauge completion bash)"      # in ~/.bashrc
    eval "$(hubgauge completion zsh)"       # in ~/.zshrc
    hubgauge completion fish > ~/.config/fish/completions/hubgauge.fish
    """
    from bot.cli.main import program  # which imports this file when it is asked for

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(program, {}, "hubgauge", VARIABLE).source())
