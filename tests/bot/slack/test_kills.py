"""However often replicas are killed, each question is answered once. `make kill` asks ten thousand."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.bot.slack.replicas import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.slack.web_api import WebApi

COUNT = int(os.environ.get("HUBGAUGE_KILL_QUESTIONS", "400"))


@pytest.mark.enable_socket
def test_every_question_is_answered_once_whatever_is_killed(
    web_api: WebApi, new_postgres_database: str, tmp_path: Path
) -> None:
    asking, replicas = run(web_api, new_postgres_database, tmp_path, COUNT)
    logs = "".join((tmp_path / f"replica{number}.log").read_text(errors="replace")[-3000:] for number in range(2))
    kills = [replica.kills for replica in replicas]
    looked = sum(call.method == "conversations.replies" for call in web_api.calls)
    told = f"{COUNT} questions, sent {asking.sent} times; kills {kills}; looked for an answer {looked} times\n"
    sys.stderr.write(told)
    assert not asking.unanswered(), logs
    assert [ts for ts, count in asking.answers().items() if count > 1] == [], logs
    assert min(kills) > 0
    assert all(replica.process.returncode in {0, -15} for replica in replicas), logs
