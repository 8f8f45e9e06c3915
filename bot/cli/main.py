"""Which command runs, and how a program ends: 0 answered, 1 cannot be answered, 2 wrong usage.

The first word decides: the name of a command runs it, anything else is a question.
"""

import errno
import importlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: Final[Mapping[str, str]] = {
    "ask": "answer a question (the default)",
    "parse": "show what is understood of a question, without network",
    "spec": "the normalized spec of a model",
    "estimate": "the structured way in, for scripts",
    "hardware": "the accelerators that are known",
    "method": "one published method from raw numbers",
    "methods": "all published methods beside the full estimate",
    "recommend": "the machines that hold a model, ranked",
    "prices": "what an hour of each card is offered for; `prices refresh`",
    "sweep": "throughput against latency over loads and splits",
    "watch": "tell channels what is new on the Hub; `watch add`",
    "scan": "size many models: an author, a list, all of the Hub",
    "explain": "how each figure of an answer comes about",
    "schema": "the JSON Schema of an output",
    "doctor": "what is set, what is missing, what works",
    "completion": "the script that lets a shell complete words",
    "slack": "answer on Slack, over Socket Mode",
    "serve": "answer over HTTP, Slack's events included",
    "mcp": "the answers as tools for assistants",
}
"""Commands and their help lines. Each lives in `bot/cli/NAME.py`; the names here are ours, so the import is safe."""

INTERRUPTED: Final = 130
"""128 and the number of SIGINT."""

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

    def invoke(self, ctx: click.Context) -> object:
        """What the command returns; 130 for Ctrl-C, as shells have it, where click would say 1."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _interrupted()

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """All names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"bot.cli.{cmd_name}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Commands that begin so, with their help lines; none of them is imported."""
        from click.shell_completion import CompletionItem

        own = [CompletionItem(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)]
        return own + click.Command.shell_complete(self, ctx, incomplete)

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
    hubgauge                on a terminal: questions one after another, with follow-ups
    """
    if ctx.invoked_subcommand is not None:
        return
    if sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty():
        from bot.cli.prompt import run  # start-up: a question on the command line needs none of it

        run()
    else:
        click.echo(ctx.get_help())


OUTPUT_FAULTS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EISDIR})
"""What a standard stream may be: full, limited, broken, closed, a folder. Any other fault of the system is a bug."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The installed command."""
    arguments = _command_first(list(sys.argv[1:] if arguments is None else arguments))
    _check_streams(arguments)
    try:
        program.main(args=arguments, prog_name="hubgauge")
    except KeyboardInterrupt:
        _interrupted()
    except BrokenPipeError:
        # the reader of our pipe left (`| head`): no traceback, and no second error when Python flushes at exit
        _discard_output()
        sys.exit(0)
    except OSError as error:
        if error.errno not in OUTPUT_FAULTS:
            raise
        _discard_output()
        sys.exit(f"hubgauge: a standard stream cannot be used: {error.strerror}")


def _interrupted() -> NoReturn:
    click.echo("hubgauge: interrupted", err=True)
    sys.exit(INTERRUPTED)


def _check_streams(arguments: list[str]) -> None:
    """Ends at once where nothing could be said; what the terminal's alphabet lacks is shown as `?`, not an error."""
    if sys.stdout is None:
        if arguments[:1] not in (["slack"], ["serve"]):
            sys.exit("hubgauge: standard output is closed")
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _discard_output() -> None:
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _command_first(arguments: list[str]) -> list[str]:
    """`--json` may stand first: before a command's name it is that command's, before anything else it is `ask`'s."""
    if arguments[:1] == ["--chart"]:  # of `ask` alone
        return ["ask", *arguments]
    if arguments[:1] != ["--json"]:
        return arguments
    if len(arguments) > 1 and arguments[1] in COMMANDS:
        return [arguments[1], "--json", *arguments[2:]]
    return ["ask", *arguments]
