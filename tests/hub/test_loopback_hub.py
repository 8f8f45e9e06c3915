"""The loopback Hub, judged by huggingface_hub: what its client accepts and refuses is what the Hub means."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils._http import get_session, hf_raise_for_status, parse_ratelimit_headers

from tests.hub import faults
from tests.hub.fixture_repos import QWEN3_0_6B, fixture_repos
from tests.hub.loopback import LoopbackHub, Window
from tests.hub.repositories import HubRepo, json_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from httpx2 import Response

QWEN = "Qwen/Qwen3-0.6B"
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


@pytest.fixture
def api(loopback_hub: LoopbackHub) -> HfApi:
    return HfApi(endpoint=loopback_hub.url, token=False)


def get(url: str, **headers: str) -> Response:
    return get_session().get(url, headers=headers, timeout=5)


def test_it_starts_in_a_tenth_of_a_second() -> None:
    began = time.perf_counter()
    with LoopbackHub(*fixture_repos()) as hub:
        assert get(f"{hub.url}/api/models/{QWEN}").status_code == 200
        assert time.perf_counter() - began < 0.1 + 0.4  # httpx2's client costs up to 0.2 s once, on a busy machine more


def test_model_info_tells_commit_sizes_and_parameters(api: HfApi) -> None:
    info = api.model_info(QWEN, files_metadata=True)
    assert info.siblings is not None
    assert info.safetensors is not None
    assert {s.rfilename: s.size for s in info.siblings}["model.safetensors"] == 1_503_300_328
    assert info.safetensors.parameters == {"BF16": 751_632_384}
    assert info.sha is not None
    assert len(info.sha) == 40


def test_expand_answers_only_what_was_asked(api: HfApi) -> None:
    info = api.model_info(QWEN, expand=["safetensors", "gated"])
    assert info.safetensors is not None
    assert info.siblings is None


@pytest.mark.parametrize("has_hop", [False, True])
def test_a_download_is_bytewise_the_file(tmp_path: Path, has_hop: bool) -> None:
    with LoopbackHub(*fixture_repos(), has_resolve_hop=has_hop) as hub:
        path = hf_hub_download(QWEN, "config.json", endpoint=hub.url, cache_dir=tmp_path, token=False)
        sent = hub.state.repos[QWEN].files["config.json"].content
        with open(path, "rb") as file:  # noqa: PTH123  # the library hands out a string
            assert file.read() == sent == json_file(QWEN3_0_6B).content


def test_a_large_file_says_its_size_before_it_is_fetched(api: HfApi, loopback_hub: LoopbackHub) -> None:
    from huggingface_hub import get_hf_file_metadata

    found = get_hf_file_metadata(f"{loopback_hub.url}/{QWEN}/resolve/main/model.safetensors", token=False)
    assert found.size == 1_503_300_328
    assert found.location.startswith("http://localhost:")


def test_listing_goes_on_from_page_to_page(api: HfApi, loopback_hub: LoopbackHub) -> None:
    for number in range(7):
        loopback_hub.add(HubRepo(f"acme/tiny-{number}", {"config.json": json_file({})}, downloads=number))
    loopback_hub.state.page_size = 3
    found = [info.id for info in api.list_models(search="acme/tiny", sort="downloads")]
    assert found == [f"acme/tiny-{number}" for number in range(6, -1, -1)]
    assert loopback_hub.paths() == ["/api/models"] * 3


def test_listing_refuses_what_only_a_single_repository_tells(api: HfApi) -> None:
    with pytest.raises(HfHubHTTPError, match="baseModels"):
        list(api.list_models(expand=["baseModels"]))


def test_tree_refs_and_commits_are_understood(api: HfApi) -> None:
    assert {entry.path for entry in api.list_repo_tree("studio/painter")} == {"model_index.json", "transformer"}
    assert [branch.name for branch in api.list_repo_refs(QWEN).branches] == ["main"]
    assert [entry.path for entry in api.get_paths_info(QWEN, ["config.json", "absent"])] == ["config.json"]
    assert api.file_exists(QWEN, "config.json")
    assert not api.file_exists(QWEN, "absent.json")


def test_an_earlier_commit_stays_readable_by_its_hash_and_tag(api: HfApi, loopback_hub: LoopbackHub) -> None:
    repo = loopback_hub.state.repos[QWEN]
    first = repo.refs["main"]
    repo.refs["v1"] = first
    second = repo.commit({"config.json": json_file({**QWEN3_0_6B, "num_hidden_layers": 29})})
    assert api.model_info(QWEN, revision="v1").sha == first
    assert api.model_info(QWEN, revision=first).sha == first
    assert api.model_info(QWEN).sha == second


def test_an_old_name_leads_to_the_new_one(api: HfApi) -> None:
    assert api.model_info("gpt2").id == "openai-community/gpt2"
    assert api.model_info("qwen/qwen3-0.6b").id == QWEN


def test_a_sharded_checkpoint_tells_its_tensors_in_one_request(api: HfApi, loopback_hub: LoopbackHub) -> None:
    index = {"model.safetensors.index.json": json_file({})}
    loopback_hub.add(HubRepo("acme/sharded", {**loopback_hub.state.repos[QWEN].files, **index}))
    found = api.get_sharded_safetensors_metadata("acme/sharded")
    assert sum(found.parameter_count.values()) == 1_503_300_328 // 2
    assert len(loopback_hub.paths()) == 1


REFUSALS: dict[str, tuple[type[HfHubHTTPError], Callable[[HfApi, Path], object]]] = {
    "a missing repository": (RepositoryNotFoundError, lambda api, _: api.model_info("no/such")),
    "a private repository": (RepositoryNotFoundError, lambda api, _: api.model_info("acme/secret")),
    "a missing revision": (RevisionNotFoundError, lambda api, _: api.model_info(QWEN, revision="v9")),
    "a disabled repository": (DisabledRepoError, lambda api, _: api.model_info("acme/withdrawn")),
    "a gated file": (GatedRepoError, lambda api, _: api.auth_check(LLAMA)),
    "a missing file": (
        RemoteEntryNotFoundError,
        lambda api, path: hf_hub_download(QWEN, "absent", endpoint=api.endpoint, cache_dir=path, token=False),
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_the_error_that_the_client_knows(api: HfApi, tmp_path: Path, case: str) -> None:
    expected, ask = REFUSALS[case]
    with pytest.raises(expected) as caught:
        ask(api, tmp_path)
    assert type(caught.value) is expected


def test_a_token_opens_what_it_was_granted(loopback_hub: LoopbackHub) -> None:
    loopback_hub.grant("hf_insider", LLAMA, "acme/secret")
    insider = HfApi(endpoint=loopback_hub.url, token="hf_insider")
    insider.auth_check(LLAMA)
    assert insider.model_info("acme/secret").private
    assert insider.whoami()["name"] == "tester"


def test_a_gated_repository_shows_its_info_and_keeps_its_files(api: HfApi, loopback_hub: LoopbackHub) -> None:
    assert api.model_info(LLAMA).gated == "manual"
    loopback_hub.grant("hf_outsider")
    with pytest.raises(GatedRepoError) as caught:
        HfApi(endpoint=loopback_hub.url, token="hf_outsider").auth_check(LLAMA)
    assert caught.value.response.status_code == 403


def test_a_wrong_token_is_refused_as_such(loopback_hub: LoopbackHub) -> None:
    with pytest.raises(HfHubHTTPError, match="Invalid credentials") as caught:
        HfApi(endpoint=loopback_hub.url, token="hf_wrong").model_info(QWEN)
    assert not isinstance(caught.value, RepositoryNotFoundError)


def test_ranges_and_etags_spare_bytes(loopback_hub: LoopbackHub) -> None:
    url = f"{loopback_hub.url}/{QWEN}/resolve/main/config.json"
    whole = get(url)
    assert get(url, Range="bytes=2-5").content == whole.content[2:6]
    assert get(url, Range="bytes=99999-").status_code == 416
    assert get(url, **{"If-None-Match": whole.headers["ETag"]}).status_code == 304
    info = get(f"{loopback_hub.url}/api/models/{QWEN}")
    assert get(f"{loopback_hub.url}/api/models/{QWEN}", **{"If-None-Match": info.headers["ETag"]}).status_code == 304


def test_every_answer_states_the_quota(loopback_hub: LoopbackHub) -> None:
    for path, bucket in (
        (f"/api/models/{QWEN}", "api"),
        (f"/{QWEN}/resolve/main/config.json", "resolvers"),
        ("/x", "pages"),
    ):
        said = parse_ratelimit_headers(get(loopback_hub.url + path).headers)
        assert said is not None
        assert said.resource_type == bucket
        assert said.remaining == loopback_hub.quotas[bucket].left == loopback_hub.quotas[bucket].limit - 1


def test_a_spent_quota_is_429_with_the_seconds_to_wait(api: HfApi, loopback_hub: LoopbackHub) -> None:
    loopback_hub.quotas["api"] = Window(limit=500, left=0, reset_s=42)
    with pytest.raises(HfHubHTTPError, match="Retry after 42 seconds"):
        api.model_info(QWEN)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (faults.status(503), "HfHubHTTPError"),
        (faults.truncate(), "RemoteProtocolError"),
        (faults.close(), "RemoteProtocolError"),
        (faults.hang(), "ReadTimeout"),
        (faults.loop(), "TooManyRedirects"),
        (faults.body(b"<html>"), "JSONDecodeError"),
    ],
)
def test_a_fault_looks_like_one_to_the_client(
    api: HfApi, loopback_hub: LoopbackHub, fault: faults.Fault, expected: str
) -> None:
    loopback_hub.fail(fault)
    with pytest.raises(Exception) as caught:  # noqa: PT011  # errors of three libraries, told apart by name
        api.model_info(QWEN, timeout=0.3)
    assert type(caught.value).__name__ == expected
    loopback_hub.fail()
    assert api.model_info(QWEN).id == QWEN


def test_sockets_beyond_this_machine_are_closed() -> None:
    import socket

    from pytest_socket import SocketConnectBlockedError

    with pytest.raises(SocketConnectBlockedError), pytest.warns(UserWarning, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_an_error_of_the_server_maps_by_its_code_not_its_address(loopback_hub: LoopbackHub) -> None:
    with pytest.raises(RepositoryNotFoundError):
        hf_raise_for_status(get(f"{loopback_hub.url}/no/such/resolve/main/config.json"))
