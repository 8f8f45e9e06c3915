"""Several workspaces: each installs the app by Slack's own flow, and is answered with its own token."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from slack_sdk.oauth.installation_store import Bot as InstalledBot
from sqlalchemy import create_engine, select, update

from bot.slack.install import SCOPES
from bot.slack.outbound import web_client
from bot.slack.workspaces import ManyWorkspaces
from bot.store.answers import AnswerStore
from bot.store.database import open_database
from bot.store.installations import Installations
from bot.store.tables import BOTS, INSTALLATIONS, STATES
from tests.bot.slack.payloads import envelope, mention, signed
from tests.bot.slack.signed_bot import nothing_waits, running, settled, states
from tests.bot.slack.test_manifest import manifest
from tests.bot.slack.web_api import Reply, WebApi

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.bot.slack.signed_bot import Bot

pytestmark = pytest.mark.anyio
APP: dict[str, Any] = {"slack_bot_token": None, "slack_client_id": "111.222", "slack_client_secret": "client-secret"}


def granted(team: str) -> Reply:
    """What `oauth.v2.access` says, after its reference on docs.slack.dev."""
    return Reply(
        {
            "ok": True,
            "access_token": f"xoxb-{team}",
            "token_type": "bot",
            "scope": ",".join(SCOPES),
            "bot_user_id": "U0BOT",
            "app_id": "A123",
            "team": {"id": team, "name": f"Workspace {team}"},
            "enterprise": None,
            "authed_user": {"id": "U1"},
            "is_enterprise_install": False,
        }
    )


async def install(bot: Bot, api: WebApi, team: str) -> Any:
    """Goes through the flow as a browser does; the answer to the way back."""
    page = await bot.client.get("/slack/install")
    assert page.status_code == 200
    link = re.search(r'href="(https://slack\.com/oauth/v2/authorize\?[^"]+)"', page.text)
    assert link
    asked = parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)
    assert set(asked["scope"][0].split(",")) == set(SCOPES)
    cookie = page.headers["set-cookie"].partition(";")[0]
    api.script["oauth.v2.access"] = [granted(team)]
    api.script["auth.test"] = [Reply({"ok": True, "bot_id": "B1", "team_id": team})]
    back = f"/slack/oauth_redirect?code=c0de&state={asked['state'][0]}"
    return await bot.client.get(back, headers={"Cookie": cookie})


def from_team(team: str, event_id: str, ts: str) -> dict[str, Any]:
    return {**mention(event_id, ts=ts), "team_id": team}


def rows(database: str, table: Any) -> int:
    engine = create_engine(database)
    with engine.connect() as connection:
        found = len(connection.execute(select(table.c.id)).all())
    engine.dispose()
    return found


def test_the_page_asks_for_the_scopes_of_the_manifest() -> None:
    assert set(SCOPES) == set(manifest()["oauth_config"]["scopes"]["bot"])


async def test_each_workspace_is_answered_with_its_own_token(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, **APP) as bot:
        for team in ("T1", "T2"):
            assert (await install(bot, web_api, team)).status_code == 200
        await bot.send(signed(from_team("T2", "Ev2", "2.0")))
        await bot.send(signed(from_team("T1", "Ev1", "1.0")))
        calls = await settled(web_api, 2)
    assert {call.arguments["thread_ts"]: call.token for call in calls} == {"1.0": "xoxb-T1", "2.0": "xoxb-T2"}
    assert rows(bot.database, STATES) == 0  # each was used once


async def test_a_workspace_that_did_not_install_the_app_gets_nothing(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, **APP) as bot:
        await bot.send(signed(from_team("T9", "Ev9", "9.0")))
        await nothing_waits(bot)
    assert web_api.posted() == []
    assert states(bot.database) == ["failed"]


async def test_a_state_that_is_forged_used_or_from_another_browser_is_refused(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, **APP) as bot:
        page = await bot.client.get("/slack/install")
        state = re.search(r"state=([0-9a-f-]+)", page.text)
        assert state
        cookie = {"Cookie": page.headers["set-cookie"].partition(";")[0]}
        for query, headers in (
            ("code=c&state=forged", cookie),
            (f"code=c&state={state[1]}", {}),
            (f"code=c&state={state[1]}", {"Cookie": "slack-app-oauth-state=another"}),
            ("state=x", cookie),
        ):
            back = await bot.client.get(f"/slack/oauth_redirect?{query}", headers=headers)
            assert back.status_code >= 400
        assert (await install(bot, web_api, "T1")).status_code == 200
    assert rows(bot.database, BOTS) == 1
    assert [call.method for call in web_api.calls].count("oauth.v2.access") == 1


async def test_a_revoked_token_ends_one_workspace_and_the_others_go_on(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, **APP) as bot:
        for team in ("T1", "T2"):
            await install(bot, web_api, team)
        web_api.script["chat.postMessage"] = [Reply({"ok": False, "error": "token_revoked"})]
        await bot.send(signed(from_team("T1", "Ev1", "1.0")))
        await settled(web_api, 1)
        await nothing_waits(bot)
        for event_id, team in (("Ev2", "T1"), ("Ev3", "T2")):
            await bot.send(signed(from_team(team, event_id, f"{event_id[-1]}.0")))
        await nothing_waits(bot)
        assert (await bot.client.get("/readyz")).status_code == 200
    assert [(message["thread_ts"]) for message in web_api.messages] == ["3.0"]
    assert rows(bot.database, BOTS) == 1


@pytest.mark.parametrize("event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": ["U"]}}])
async def test_a_workspace_that_removes_the_app_leaves_nothing_behind(
    event: dict[str, Any], web_api: WebApi, tmp_path: Path
) -> None:
    async with running(web_api, tmp_path, **APP) as bot:
        for team in ("T1", "T2"):
            await install(bot, web_api, team)
        engine = create_engine(bot.database)
        store = AnswerStore(engine)
        tokens = {team: store.keep(team, "U1", "{}", time.time()) for team in ("T1", "T2")}
        gone = {**envelope(event, "Ev1"), "team_id": "T1", "event_time": int(time.time()) + 1}
        assert (await bot.send(signed(gone))).status_code == 200
        assert [store.find(team, token) is None for team, token in tokens.items()] == [True, False]
        engine.dispose()
    assert rows(bot.database, BOTS) == rows(bot.database, INSTALLATIONS) == 1


async def test_late_news_of_a_removal_leave_a_new_installation_alone(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, **APP) as bot:
        await install(bot, web_api, "T1")
        late = {**envelope({"type": "app_uninstalled"}, "Ev1"), "team_id": "T1", "event_time": int(time.time()) - 60}
        await bot.send(signed(late))
    assert rows(bot.database, BOTS) == 1


async def test_people_who_revoke_their_own_token_take_nothing_away(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path, **APP) as bot:
        await install(bot, web_api, "T1")
        event = {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}}
        await bot.send(signed({**envelope(event, "Ev1"), "team_id": "T1", "event_time": int(time.time()) + 1}))
    assert rows(bot.database, BOTS) == 1


async def test_one_workspace_has_no_page_to_install_from(web_api: WebApi, tmp_path: Path) -> None:
    async with running(web_api, tmp_path) as bot:
        for path in ("/slack/install", "/slack/oauth_redirect?code=c&state=s"):
            assert (await bot.client.get(path)).status_code == 404


def installed(team: str, token: str, expires_in_s: float) -> InstalledBot:
    return InstalledBot(
        app_id="A123",
        team_id=team,
        bot_token=token,
        bot_id="B1",
        bot_user_id="U0BOT",
        bot_scopes=SCOPES,
        bot_refresh_token="xoxe-1",
        bot_token_expires_at=int(time.time() + expires_in_s),
        installed_at=time.time() - 3600,
    )


@pytest.mark.parametrize("refused", [False, True])
async def test_a_token_that_ends_soon_is_renewed_once_for_all_replicas(
    refused: bool,  # a parameter of the test
    web_api: WebApi,
    engine: Engine,
) -> None:
    known = Installations(engine, "111.222")
    known.store.save_bot(installed("T1", "xoxb-old", 60))
    fresh = {"ok": True, "access_token": "xoxb-new", "refresh_token": "xoxe-2", "expires_in": 43_200}
    fresh |= {"token_type": "bot", "app_id": "A123", "team": {"id": "T1"}, "bot_user_id": "U0BOT", "scope": "commands"}
    no = Reply({"ok": False, "error": "invalid_refresh_token"})
    web_api.script["oauth.v2.access"] = [no if refused else Reply(fresh)]
    many = ManyWorkspaces(known, "client-secret", lambda token: web_client(token, web_api.url))
    client = await many.client("T1")
    assert client is not None
    assert client.token == ("xoxb-old" if refused else "xoxb-new")
    found = known.bot("T1")
    assert found is not None
    assert found.bot_token == client.token
    await many.client("T1")
    assert [call.method for call in web_api.calls] == ["oauth.v2.access"]


def test_the_newest_token_of_a_workspace_counts_whatever_its_organisation(database_address: str) -> None:
    engine = open_database(database_address)
    known = Installations(engine, "111.222")
    for token in ("xoxb-first", "xoxb-second"):
        known.store.save_bot(installed("T1", token, 43_200))
    with engine.begin() as connection:
        connection.execute(update(BOTS).values(enterprise_id="E1"))
        old = datetime.fromtimestamp(time.time() - 7200, UTC).replace(tzinfo=None)
        connection.execute(update(BOTS).where(BOTS.c.bot_token == "xoxb-first").values(installed_at=old))
    found = known.bot("T1")
    assert found is not None
    assert found.bot_token == "xoxb-second"
    assert Installations(engine, "another.app").bot("T1") is None
    engine.dispose()
