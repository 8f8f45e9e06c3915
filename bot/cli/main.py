"""Which command runs, and how a program ends: 0 answered, 1 cannot be answered, 2 wrong usage.

The first word decides: the name of a command runs it, anything else is a question.
"""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click

COMMANDS: Final[Mapping[str, str]] = {
    "ask": "answer a question (the default)",
    "parse": "show what is understood of a question, without network",
    "spec": "the normalized spec of a model",
    "estimate": "the structured way in, for scripts",
    "hardware": "the accelerators that are known",
    "method": "one published method from raw numbers",
    "methods": "all published methods beside the full estimate",
    "schema": "the JSON Schema of an output",
    "doctor": "what is set, what is missing, what works",
    "slack": "answer on Slack, over Socket Mode",
    "serve": "answer over HTTP, Slack's events included",
}
"""Commands and their help lines. Each lives in `bot/cli/NAME.py`; the names here are ours, so the import is safe."""

EXAMPLES: Final = """\b
Examples:
  hubgauge "deepseek-v3 on 8xH100 FP8 at 32K"
  hubgauge "qwen3-32b on h100: 1024 in, 256 out, 64 concurrent" --json
  hubgauge "what can run kimi-k2 at 128k?"
  hubgauge spec meta-llama/Llama-3.1-8B-Instruct --json
  cat questions.txt | hubgauge ask - --json
"""


class Commands(click.Group):
    """A group that imports a command when it is called, and reads anything else as a question."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """All names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"bot.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # as above
        """The list of commands, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The named command, or `ask` with everything that was typed."""
        if args and args[0] in COMMANDS:
            return super().resolve_command(ctx, args)
        return "ask", self.get_command(ctx, "ask"), args


@click.group(
    cls=Commands,
    invoke_without_command=True,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100, "ignore_unknown_options": True},
)
@click.version_option(package_name="hubgauge", prog_name="hubgauge")
@click.pass_context
def program(ctx: click.Context) -> None:
    """Will a model from the Hugging Face Hub fit, how fast, at what cost, and if not, what would?

    \b
    hubgauge "QUESTION"
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """The installed command."""
    arguments = _with_ask_first(list(sys.argv[1:] if arguments is None else arguments))
    try:
        program.main(args=arguments, prog_name="hubgauge")
    except BrokenPipeError:
        # the reader of our pipe left (`| head`): no traceback, and no second error when Python flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _with_ask_first(arguments: list[str]) -> list[str]:
    """A question may begin with an option (`hubgauge --json "..."`): then the command is `ask`."""
    if arguments and arguments[0] == "--json" and not any(word in COMMANDS for word in arguments[1:2]):
        return ["ask", *arguments]
    return arguments
