"""How an example is run: in a shell of its own, offline but for a Hub on loopback, beside a server that is there."""

from __future__ import annotations

import doctest
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.cli.main import COMMANDS
from tests.docs.held import HELD, asked_by_make
from tests.docs.pages import JSON, Example

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_S: Final = 120
SERVED_AT: Final = "localhost:8000"
"""Where the pages say that `hubgauge serve` listens."""
MY_MODEL: Final = {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32}
MY_HEADS: Final = {"num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256}
READERS_FILES: Final = {
    "my-model/config.json": json.dumps({"architectures": ["LlamaForCausalLM"], **MY_MODEL, **MY_HEADS}),
    "subscriptions.txt": "slack:C0123ABCD Qwen on 8xH100 at 32K\n",
    "names.txt": "Qwen/Qwen3-0.6B\nopenai-community/gpt2\n",
    ".config/fish/completions/hubgauge.fish": "",
    "questions.txt": "llama-3.1-8b on 1xH100 at 8K\nqwen3-32b int4 on 1x4090 at 4K\n",
}
"""What a reader is said to have: a model of their own, and names, questions and subscriptions, one in a line."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where examples run: a folder of their own, a Hub and a server."""

    folder: Path
    hub: str
    server: str

    def environ(self) -> dict[str, str]:
        """What a reader's shell would have, and a Hub in place of the Hub."""
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "HF_ENDPOINT": self.hub,
            "HUBGAUGE_PRICES": "bundled",
            "LANG": "C.UTF-8",
        }

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """What a shell says to it, in the folder."""
        command = command.replace(f"http://{SERVED_AT}", self.server).replace(SERVED_AT, self.server)
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self.folder,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )


def is_run(words: Sequence[str]) -> bool:
    """Whether it is one of our commands, or speaks to our server."""
    if words[:2] == ["python", "-c"] or words[0] == "eval":
        return True
    return any(word in {"hubgauge", "hf-gauge", "curl"} for word in words) and words[0] not in HELD


def wrong_message(text: str, place: Place) -> str:
    """What is wrong with a message to the bot, which the command answers as well."""
    to_bot, _, asked = text.strip().partition(" ")
    watched = asked.removeprefix("watch ") if to_bot == "/hubgauge" else asked
    words = ["watch", "add", "slack:C0123ABCD", watched] if watched != asked else ["ask", asked]
    done = place.shell(shlex.join(["hubgauge", *words]))
    return done.stderr if done.returncode else ""


def wrong(example: Example, place: Place) -> str:
    """What is wrong with a command; an empty text where nothing is."""
    words = example.words
    if example.is_prose and words in (["hubgauge", name] for name in COMMANDS):
        return ""  # a command that is named, not shown
    if asked := asked_by_make(words):
        return _wrong_run(replace(example, text=asked), place)
    if not is_run(words):
        return "what is shown below it is held to nothing" if example.shown else _wrong_held(words, place)
    return _wrong_run(example, place)


def _wrong_held(words: Sequence[str], place: Place) -> str:
    held = HELD.get(words[0])
    return held(words, place.shell) if held else "no test runs it: see tests/docs/not_run.py"


def _wrong_run(example: Example, place: Place) -> str:
    is_curl = example.words[0] == "curl"
    command = f"curl --silent --show-error {example.text.removeprefix('curl ')}" if is_curl else example.text
    if is_curl and not example.shown:
        command = command.replace("curl ", "curl --fail-with-body ", 1)
    done = place.shell(command)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr or done.stdout}"
    return not_shown(example, done.stdout)


def not_shown(example: Example, said: str) -> str:
    """What the page shows below a command and the command does not say, in that order; `...` stands for anything."""
    if example.shown_as == JSON:
        found = [json.loads(said)] if said.lstrip().startswith("{") else []
        return "" if found and holds(found[0], json.loads(example.shown)) else f"it says {said[:3000]}"
    lines = iter(line.rstrip() for line in said.splitlines())
    wanted = (line.rstrip() for line in example.shown.splitlines() if line.strip() not in {"", "..."})
    missing = [line for line in wanted if line not in lines]  # `in` uses the lines up, so their order counts
    return f"not said: {missing[0]!r} in\n{said[:3000]}" if missing else ""


def holds(found: Any, shown: Any) -> bool:
    """Whether what is shown is there; more keys may be there, and "..." stands for any text."""
    if isinstance(shown, dict) and isinstance(found, dict):
        return all(key in found and holds(found[key], value) for key, value in shown.items())
    if isinstance(shown, list) and isinstance(found, list):
        return len(found) == len(shown) and all(map(holds, found, shown))
    return bool(shown in ("...", found))


def wrong_python(texts: Sequence[str], page: str) -> str:
    """What is wrong with the Python of a page, which is one session."""
    said: list[str] = []
    session = doctest.DocTestParser().get_doctest("\n".join(texts), {}, page, page, 0)
    if not session.examples:
        return "no example has a prompt"
    found = doctest.DocTestRunner().run(session, out=said.append)
    return "".join(said) if found.failed else ""
