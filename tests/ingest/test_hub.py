from __future__ import annotations

import json
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from ingest import errors
from ingest.cache import RepoCache
from ingest.exchange import process_client
from ingest.hub import HubClient
from ingest.repo_ref import parse_repo_ref
from ingest.settings import Settings
from tests.hub import faults
from tests.hub.fixture_repos import LLAMA_3_1_8B, QWEN3_0_6B
from tests.hub.loopback import LoopbackHub, Window
from tests.hub.repositories import HubFile, HubRepo, json_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.fetched_repo import FetchedRepo

QWEN = "Qwen/Qwen3-0.6B"
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
TOKEN = "hf_aVerySecretTokenOfTwentyLetters"


class World:
    """A loopback Hub, a cache folder and a clock; clients are made as callers come."""

    def __init__(self, hub: LoopbackHub, folder: Path) -> None:
        self.hub, self.folder, self.now_s = hub, folder, 1_700_000_000.0
        self.caches: list[RepoCache] = []

    def client(self, *, has_cache: bool = True, **changes: Any) -> HubClient:
        settings = Settings(**{"endpoint": self.hub.url, "timeout_s": 5.0, **changes})
        cache = RepoCache(self.folder, endpoint=settings.endpoint, identity=settings.identity) if has_cache else None
        self.caches += [cache] if cache else []
        return HubClient(settings, cache=cache, wall_clock=lambda: self.now_s)

    def fetch(self, name: str, **changes: Any) -> FetchedRepo:
        return self.client(**changes).fetch_model(parse_repo_ref(name))


@pytest.fixture
def world(loopback_hub: LoopbackHub, tmp_path: Path) -> Iterator[World]:
    world = World(loopback_hub, tmp_path)
    yield world
    for cache in world.caches:
        cache.close()


def test_a_new_model_costs_two_requests_and_tells_all_it_should(world: World) -> None:
    repo = world.fetch(QWEN)
    assert world.hub.paths() == [f"/api/models/{QWEN}", f"/{QWEN}/resolve/{repo.commit}/config.json"]
    assert repo.config is not None
    assert json.loads(repo.config) == QWEN3_0_6B
    assert repo.safetensors_parameters == {"BF16": 751_632_384}
    assert repo.size_of("model.safetensors") == 1_503_300_328
    assert (repo.source, repo.stale, repo.gated) == ("hub", False, None)


def test_a_quantization_in_a_file_of_its_own_costs_a_third(world: World) -> None:
    repo = world.fetch("nvidia/Llama-3.1-8B-Instruct-FP8")
    assert len(world.hub.paths()) == 3
    assert repo.hf_quant_config is not None
    assert json.loads(repo.hf_quant_config)["quantization"]["quant_algo"] == "FP8"
    assert repo.base_models == (LLAMA,)


def test_the_detour_of_the_real_hub_is_followed(world: World) -> None:
    world.hub.state.has_resolve_hop = True
    repo = world.fetch(QWEN)
    assert repo.config is not None
    assert world.hub.paths()[2].startswith("/api/resolve-cache/models/")


def test_a_cached_commit_costs_no_request(world: World) -> None:
    commit = world.fetch(QWEN).commit
    world.hub.paths()
    world.now_s += 10**8
    again = world.fetch(f"{QWEN}@{commit}")
    assert world.hub.paths() == []
    assert (again.source, again.stale) == ("cache", False)
    assert again.config is not None


def test_a_commit_fetched_by_its_hash_costs_no_request_again_under_any_name(world: World) -> None:
    commit = world.hub.state.repos["openai-community/gpt2"].refs["main"]
    first = world.fetch(f"gpt2@{commit}")
    assert first.repo_id == "openai-community/gpt2"
    world.hub.paths()
    assert world.fetch(f"gpt2@{commit}").config == first.config
    assert world.fetch(f"openai-community/gpt2@{commit}").config == first.config
    assert world.hub.paths() == []


def test_a_fresh_branch_costs_none_and_an_older_one_a_single_conditional(world: World) -> None:
    first = world.fetch(QWEN)
    world.hub.paths()
    world.now_s += 14 * 60
    assert world.fetch(QWEN).source == "cache"
    assert world.hub.paths() == []
    world.now_s += 2 * 60
    again = world.fetch(QWEN)
    assert world.hub.log[-1].status == 304
    assert len(world.hub.paths()) == 1
    assert (again.commit, again.config, again.stale) == (first.commit, first.config, False)
    assert again.fetched_at_s == world.now_s
    assert world.fetch(QWEN).source == "cache"
    assert world.hub.paths() == []


def test_a_branch_that_moved_costs_two_and_gives_the_new_commit(world: World) -> None:
    world.fetch(QWEN)
    world.hub.paths()
    world.hub.state.repos[QWEN].commit({"config.json": json_file({**QWEN3_0_6B, "num_hidden_layers": 29})})
    world.now_s += 3600
    repo = world.fetch(QWEN)
    assert repo.config is not None
    assert json.loads(repo.config)["num_hidden_layers"] == 29
    assert len(world.hub.paths()) == 2


def test_new_downloads_without_a_new_commit_cost_no_second_config(world: World) -> None:
    world.fetch(QWEN)
    world.hub.paths()
    world.hub.state.repos[QWEN].downloads += 1
    world.now_s += 3600
    assert world.fetch(QWEN).config is not None
    assert len(world.hub.paths()) == 1


OUTAGES = {
    "503": (faults.status(503), "503"),
    "429": (faults.status(429, Retry_After="42"), "42 s"),
    "no line": (faults.close(), "broke off"),
    "no end": (faults.hang(), "did not answer"),
    "a log-in page": (faults.body(b"<html>log in</html>"), "not what a Hub says"),
    "half an answer": (faults.truncate(), "broke off"),
    "a redirect to itself": (faults.loop(), "redirects"),
}


@pytest.mark.parametrize("outage", sorted(OUTAGES.keys() - {"half an answer"}))  # 304 has no body to be half of
def test_in_an_outage_the_cached_answer_is_given_and_called_stale(world: World, outage: str) -> None:
    fault, reason = OUTAGES[outage]
    first = world.fetch(QWEN)
    world.now_s += 3600
    world.hub.fail(fault)
    again = world.fetch(QWEN, timeout_s=0.5)
    assert (again.commit, again.config) == (first.commit, first.config)
    assert again.stale
    assert reason in again.stale_reason
    assert again.fetched_at_s == first.fetched_at_s


@pytest.mark.parametrize("outage", sorted(OUTAGES))
def test_in_an_outage_without_a_cached_answer_the_error_says_why(world: World, outage: str) -> None:
    fault, reason = OUTAGES[outage]
    world.hub.fail(fault)
    with pytest.raises(errors.HubUnavailable) as caught:
        world.fetch(QWEN, timeout_s=0.5)
    assert reason in caught.value.message
    assert caught.value.hint
    assert len(world.hub.paths()) <= 6  # nothing is retried; only the redirects are six


@pytest.mark.parametrize(
    "fault",
    [
        faults.drip(pause_s=0.05),
        faults.drip("config.json", pause_s=0.05),
        faults.drip(pause_s=0.05, in_head=True),
        faults.hang("config.json"),
    ],
)
def test_no_slow_answer_outlasts_the_time_limit(world: World, fault: faults.Fault) -> None:
    process_client()
    world.hub.fail(fault)
    began = time.monotonic()
    with pytest.raises(errors.HubUnavailable, match=r"did not answer within 0\.4 s"):
        world.fetch(QWEN, timeout_s=0.4)
    assert time.monotonic() - began < 2.0


def test_a_hub_that_is_not_there_is_said_so(world: World) -> None:
    with pytest.raises(errors.HubUnavailable, match="cannot be reached"):
        world.fetch(QWEN, endpoint="http://127.0.0.1:9")


@pytest.mark.parametrize("endpoint", ["ftp://x", "nonsense", "http://", "https://[x", "http://127.0.0.1:port"])
def test_an_endpoint_that_is_no_address_is_said_so(world: World, endpoint: str) -> None:
    with pytest.raises(errors.HubUnavailable, match="HF_ENDPOINT"):
        world.fetch(QWEN, endpoint=endpoint, has_cache=False)


def test_offline_nothing_is_asked_and_an_old_answer_is_called_stale(world: World) -> None:
    world.fetch(QWEN)
    world.hub.paths()
    world.now_s += 3600
    again = world.fetch(QWEN, is_offline=True)
    assert again.stale
    assert "HF_HUB_OFFLINE" in again.stale_reason
    with pytest.raises(errors.HubUnavailable, match="offline"):
        world.fetch("openai-community/gpt2", is_offline=True)
    assert world.hub.paths() == []


def test_a_spent_quota_is_not_asked_again_until_it_is_over(world: World) -> None:
    world.hub.quotas["api"] = Window(limit=500, left=0, reset_s=42)
    client = world.client()
    for _ in range(3):
        with pytest.raises(errors.HubUnavailable, match="42 s"):
            client.fetch_model(parse_repo_ref(QWEN))
    assert len(world.hub.paths()) == 1


def test_a_missing_and_a_private_model_read_alike_to_strangers(world: World) -> None:
    for name in ("no/such", "acme/secret"):
        with pytest.raises(errors.UnknownModel) as caught:
            world.fetch(name)
        assert name in caught.value.message
        assert "missing or private" in caught.value.message
        assert "HF_TOKEN" in caught.value.hint


def test_a_token_without_the_right_is_told_so(world: World) -> None:
    world.hub.grant(TOKEN)
    with pytest.raises(errors.UnknownModel, match="account of HF_TOKEN"):
        world.fetch("acme/secret", token=TOKEN)


def test_a_gated_model_names_the_page_and_what_to_set(world: World) -> None:
    with pytest.raises(errors.GatedModel) as caught:
        world.fetch(LLAMA)
    assert f"{world.hub.url}/{LLAMA}" in caught.value.hint
    assert "HF_TOKEN" in caught.value.hint
    world.hub.grant(TOKEN)
    with pytest.raises(errors.GatedModel, match="gated"):
        world.fetch(LLAMA, token=TOKEN)


def test_a_granted_token_reads_a_gated_model_and_strangers_still_do_not(world: World) -> None:
    world.hub.grant(TOKEN, LLAMA)
    repo = world.fetch(LLAMA, token=TOKEN)
    assert repo.config is not None
    assert json.loads(repo.config) == LLAMA_3_1_8B
    assert repo.gated == "manual"
    for changes in ({}, {"is_offline": True}):
        for name in (LLAMA, f"{LLAMA}@{repo.commit}"):
            with pytest.raises((errors.GatedModel, errors.HubUnavailable)):
                world.fetch(name, **changes)
    assert world.fetch(LLAMA, token=TOKEN, is_offline=True).config == repo.config


def test_a_right_that_was_withdrawn_is_an_error_not_a_stale_answer(world: World) -> None:
    world.hub.grant(TOKEN, "acme/secret")
    world.fetch("acme/secret", token=TOKEN)
    world.hub.state.tokens[TOKEN].clear()
    world.now_s += 3600
    with pytest.raises(errors.UnknownModel):
        world.fetch("acme/secret", token=TOKEN)


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        (f"{QWEN}@v9", errors.UnknownModel, "no such branch"),
        ("acme/withdrawn", errors.UnknownModel, "disabled"),
        ("bartowski/Qwen_Qwen3-0.6B-GGUF", errors.NoConfig, "GGUF"),
        ("someone/qwen3-lora", errors.NotAGenerativeModel, "adapter"),
        ("studio/painter", errors.NotAGenerativeModel, "diffusion"),
        ("someone/sentences", errors.NotAGenerativeModel, "sentence"),
        ("someone/original", errors.NoConfig, "makers' own"),
        ("someone/empty", errors.NoConfig, "empty"),
    ],
)
def test_a_repository_that_cannot_be_sized_is_said_as_what_it_is(
    world: World, name: str, kind: type[errors.IngestError], says: str
) -> None:
    for _ in range(2):  # the second time from the cache
        with pytest.raises(kind) as caught:
            world.fetch(name)
        assert type(caught.value) is kind
        assert says in caught.value.message
        assert caught.value.hint


def test_what_is_made_from_a_model_names_it(world: World) -> None:
    for name in ("bartowski/Qwen_Qwen3-0.6B-GGUF", "someone/qwen3-lora"):
        with pytest.raises(errors.IngestError) as caught:
            world.fetch(name)
        assert caught.value.suggestions == (QWEN,)
        assert QWEN in caught.value.hint


def test_a_repository_without_config_can_still_be_described(world: World) -> None:
    gguf = world.client().fetch_repo(parse_repo_ref("bartowski/Qwen_Qwen3-0.6B-GGUF"))
    assert gguf.gguf == {"total": 596_049_920, "architecture": "qwen3", "context_length": 40960}
    assert gguf.size_of("Qwen_Qwen3-0.6B-Q4_K_M.gguf") == 484_220_320
    adapter = world.client().fetch_repo(parse_repo_ref("someone/qwen3-lora"))
    assert adapter.adapter_config is not None
    assert json.loads(adapter.adapter_config)["peft_type"] == "LORA"
    assert len(world.hub.paths()) == 3


def test_a_repository_that_was_empty_is_asked_for_again_at_once(world: World) -> None:
    with pytest.raises(errors.NoConfig, match="empty"):
        world.fetch("someone/empty")
    world.hub.state.repos["someone/empty"].commit({"config.json": json_file(QWEN3_0_6B)})
    assert world.fetch("someone/empty").config is not None


def test_a_huge_config_is_refused_by_its_stated_size_without_a_request(world: World) -> None:
    world.hub.add(HubRepo("acme/huge", {"config.json": HubFile(virtual_bytes=2**30)}))
    with pytest.raises(errors.MalformedConfig, match="1073741824 bytes"):
        world.fetch("acme/huge")
    assert world.hub.paths() == ["/api/models/acme/huge"]


@pytest.mark.parametrize("fault", [faults.body(b" " * (2**20 + 1), "config.json"), faults.endless("config.json")])
def test_a_huge_config_is_refused_while_it_is_read(world: World, fault: faults.Fault) -> None:
    world.hub.fail(fault)
    with pytest.raises(errors.MalformedConfig, match=r"config\.json"):
        world.fetch(QWEN)


def test_an_answer_of_the_hub_without_end_is_an_outage(world: World) -> None:
    world.hub.fail(faults.endless("/api/"))
    with pytest.raises(errors.HubUnavailable, match="does not end"):
        world.fetch(QWEN)


@pytest.mark.parametrize("garbage", [b"[]", b"null", b'{"sha": 5}', b'{"id": "a/b"}', b"[" * 100_000, b"\xff\xfe"])
def test_garbage_for_an_answer_is_an_outage(world: World, garbage: bytes) -> None:
    world.hub.fail(faults.body(garbage, "/api/"))
    with pytest.raises(errors.HubUnavailable):
        world.fetch(QWEN)


def test_strangers_metadata_of_the_wrong_kind_counts_as_not_stated(world: World) -> None:
    commit = "a" * 40
    info = {
        "id": "../../etc", "sha": commit, "tags": "x", "safetensors": [1], "gguf": 7, "cardData": "no",
        "siblings": [7, {"rfilename": 3}, {"rfilename": "weights", "size": -5}], "pipeline_tag": ["a"],
    }  # fmt: skip
    world.hub.fail(faults.body(json.dumps(info).encode(), "/api/"))
    repo = world.client().fetch_repo(parse_repo_ref(QWEN))
    assert (repo.repo_id, repo.commit) == (QWEN, commit)
    assert repo.safetensors_parameters is None
    assert repo.gguf is None
    assert [file.size_bytes for file in repo.siblings or ()] == [None]


def test_a_wrong_token_is_named_as_the_cause(world: World) -> None:
    with pytest.raises(errors.GatedModel, match="refuses the token"):
        world.fetch(QWEN, token=TOKEN)


LEAKS = {
    "refused": {"token": TOKEN},
    "unsendable": {"token": TOKEN + "\u2028"},
    "unsendable line": {"token": TOKEN + "\nX: y"},
    "unreachable": {"token": TOKEN, "endpoint": "http://127.0.0.1:9"},
    "no address": {"token": TOKEN, "endpoint": "nonsense"},
    "password in the address": {"token": TOKEN, "endpoint": f"http://user:{TOKEN}@127.0.0.1:9"},
}


@pytest.mark.parametrize("case", LEAKS)
def test_the_token_is_in_no_message_trace_or_repr(world: World, case: str) -> None:
    changes = LEAKS[case]
    with pytest.raises(errors.IngestError) as caught:
        world.fetch(QWEN, has_cache=False, **changes)
    told = "".join(traceback.format_exception(caught.value)) + caught.value.hint + repr(caught.value)
    assert TOKEN not in told
    assert TOKEN not in repr(Settings(token=TOKEN)) + str(Settings(token=TOKEN)) + Settings(token=TOKEN).identity


def test_the_token_is_not_in_the_cache_file(world: World) -> None:
    world.hub.grant(TOKEN, LLAMA)
    world.fetch(LLAMA, token=TOKEN)
    assert all(TOKEN.encode() not in file.read_bytes() for file in world.folder.iterdir())


def test_the_token_stays_with_the_hub_when_a_file_lies_elsewhere(world: World) -> None:
    world.hub.grant(TOKEN)
    world.hub.add(HubRepo("acme/lfs", {"config.json": HubFile(json.dumps(QWEN3_0_6B).encode(), is_lfs=True)}))
    assert world.fetch("acme/lfs", token=TOKEN).config is not None
    sent = {entry.path.split("/")[1]: entry.has_token for entry in world.hub.log}
    assert sent == {"api": True, "acme": True, "cdn": False}


def test_callers_share_a_client_but_no_cookie(world: World) -> None:
    world.hub.fail(faults.Fault(faults.Harm.STATUS, "/api/", 1, 503, {"Set-Cookie": "token=caller-one"}))
    with pytest.raises(errors.HubUnavailable):
        world.fetch(QWEN)
    world.fetch(QWEN)
    assert all("cookie" not in entry.headers for entry in world.hub.log)


def test_the_hub_is_told_honestly_who_asks_and_asked_nothing_else(world: World) -> None:
    world.fetch(QWEN)
    assert all(entry.user_agent.startswith("hubgauge/") for entry in world.hub.log)
    assert not any("harness" in entry.path for entry in world.hub.log)


def test_a_search_is_one_request_and_gives_the_most_downloaded_first(world: World) -> None:
    hits = world.client().search_models("qwen3-0.6b", limit=5)
    assert [hit.repo_id for hit in hits] == [QWEN, "bartowski/Qwen_Qwen3-0.6B-GGUF"]
    assert hits[0].downloads == 9_000_000
    assert len(world.hub.paths()) == 1


def test_hits_that_are_no_ids_are_left_out(world: World) -> None:
    world.hub.fail(faults.body(b'[{"id": "../../x"}, {"id": 5}, 7, {"id": "a/b", "downloads": "many", "tags": 3}]'))
    assert [hit.repo_id for hit in world.client().search_models("x")] == ["a/b"]


def test_threads_share_one_client_and_its_cache(world: World) -> None:
    client = world.client()
    names = [QWEN, "openai-community/gpt2", "nvidia/Llama-3.1-8B-Instruct-FP8"] * 8
    with ThreadPoolExecutor(8) as pool:
        repos = list(pool.map(lambda name: client.fetch_model(parse_repo_ref(name)), names))
    assert [repo.repo_id for repo in repos] == names
    assert all(repo.config for repo in repos)


def test_one_client_serves_the_process() -> None:
    assert process_client() is process_client()


def test_a_renamed_repository_is_read_under_its_new_name(world: World) -> None:
    repo = world.fetch("gpt2")  # openai-community/gpt2 since organisations came
    assert repo.repo_id == "openai-community/gpt2"
    assert json.loads(repo.config or b"{}")["n_layer"] == 12


def test_a_pull_request_is_a_revision_of_its_own(world: World) -> None:
    main = world.fetch(QWEN)
    offered = world.hub.state.find(QWEN)
    assert offered is not None
    sha = offered.commit({"config.json": json_file(QWEN3_0_6B | {"num_hidden_layers": 2})})
    offered.refs["refs/pr/3"], offered.refs["main"] = sha, main.commit
    proposed = world.fetch(f"{QWEN}@refs/pr/3")
    assert proposed.commit == sha != world.fetch(QWEN).commit
