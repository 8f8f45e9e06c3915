"""A Slack that nobody here wrote: local-slack (npm, MIT), installed once into a cache outside the repository.

It drives real bots over Socket Mode and signed HTTP. It checks no token, no scope and no block, sends no retry and
escapes no text: those are the scripted Web API's part. It listens on every interface, so run it on closed machines.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any, Self

import httpx2

from tests.peers import npm_packages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PACKAGE = "local-slack-linux-x64"
VERSION = "0.1.8"
BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-test-token", "xapp-test-token", "test-signing-secret"


def installed() -> Path:
    """The program's path; skips where it is not there and npm cannot bring it."""
    return npm_packages("local-slack", f"{PACKAGE}@{VERSION}") / "node_modules" / PACKAGE / "bin" / "local-slack"


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class LocalSlack:
    """A workspace with one person, one channel and one direct conversation with the bot."""

    channel, conversation, person, bot = "C01GENERAL", "D01BOT", "U01ADA", "U0BOT"

    def __init__(self, folder: Path, request_url: str = "") -> None:
        self.port = free_port()
        app = {"botUserId": self.bot, "botToken": BOT_TOKEN, "appToken": APP_TOKEN, "signingSecret": SECRET}
        mode = {"mode": "events", "requestUrl": request_url} if request_url else {"mode": "socket"}
        members = [self.person, self.bot]
        config = {
            "apps": [{**app, **mode, "botName": "hubgauge"}],
            "users": [{"id": self.person, "name": "ada"}],
            "channels": [
                {"id": self.channel, "name": "general", "members": members},
                {"id": self.conversation, "name": "dm", "is_channel": False, "is_im": True, "members": members},
            ],
        }
        self._config = folder / f"local-slack-{self.port}.json"
        self._config.write_text(json.dumps(config), encoding="utf-8")
        self._http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False)

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    def say(self, channel: str, text: str, **more: str) -> str:
        """Posts as the person; returns the post's time, which is its name."""
        body = {"channel": channel, "user": self.person, "text": text, **more}
        ts: str = self._control("message", body)["message"]["ts"]
        return ts

    def command(self, text: str) -> None:
        """Types the command as the person."""
        body = {"channel": self.channel, "user": self.person, "command": "/hubgauge", "text": text}
        self._control("command", body)

    def edit(self, channel: str, ts: str, text: str) -> None:
        """Changes the person's post."""
        self._control("edit-message", {"channel": channel, "ts": ts, "user": self.person, "text": text})

    def answers(self, channel: str) -> list[dict[str, Any]]:
        """What the bot posted there."""
        found = self._http.get(f"/_control/messages/{channel}").json()["messages"]
        return [message for message in found if message["user"] == self.bot]

    def log(self) -> str:
        """What passed between Slack and the bot."""
        return self._http.get("/_control/log").text

    def is_connected(self, sockets: int = 1) -> bool:
        """Whether so many sockets were opened."""
        return self.log().count("socket connected") >= sockets

    def __enter__(self) -> Self:
        command: list[str | Path] = [
            installed(),
            "--config",
            self._config,
            "--port",
            str(self.port),
            "--base-host",
            "127.0.0.1",
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._listens)
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.terminate()
        self._process.wait()

    def _listens(self) -> bool:
        try:
            return self._http.get("/_control/state").status_code == 200
        except httpx2.TransportError:
            return False

    def _control(self, name: str, body: dict[str, str]) -> dict[str, Any]:
        response = self._http.post(f"/_control/{name}", json=body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


def eventually(is_so: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Returns as soon as it is so."""
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, is_so
        time.sleep(0.05)
