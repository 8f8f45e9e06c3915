"""The Hub's own JavaScript clients against the loopback Hub: it answers as they expect a Hub to."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from ingest.gguf.header import read_header
from tests.hub.repositories import HubFile, HubRepo
from tests.ingest.gguf.writer import GgufFile
from tests.peers import npm_packages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.loopback import LoopbackHub

PACKAGES = ("@huggingface/hub@2.17.5", "@huggingface/gguf@0.4.6")
MODEL = "Qwen/Qwen3-0.6B"


@pytest.fixture(scope="session")
def clients() -> Path:
    return npm_packages("hub-clients", *PACKAGES)


def run(clients: Path, hub: LoopbackHub, script: str) -> Any:
    """What the script leaves in `out`, with both clients imported and `hubUrl` set."""
    node = shutil.which("node")
    assert node is not None
    lines = [
        'import * as hub from "@huggingface/hub";',
        'import { gguf } from "@huggingface/gguf";',
        f"const hubUrl = {json.dumps(hub.url)}; let out;",
        script,
        "console.log(JSON.stringify(out, (key, value) => typeof value === 'bigint' ? Number(value) : value));",
    ]
    command = [node, "--input-type=module", "-e", "\n".join(lines)]
    ended = subprocess.run(command, cwd=clients, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout)


def test_it_describes_a_model(clients: Path, loopback_hub: LoopbackHub) -> None:
    script = f'out = await hub.modelInfo({{ name: "{MODEL}", hubUrl, additionalFields: ["safetensors", "sha"] }});'
    found = run(clients, loopback_hub, script)
    assert found["name"] == MODEL
    assert found["task"] == "text-generation"
    assert found["safetensors"]["total"] == 751_632_384


def test_it_lists_and_finds_models(clients: Path, loopback_hub: LoopbackHub) -> None:
    script = """
    out = [];
    for await (const model of hub.listModels({ search: { query: "qwen3" }, hubUrl })) out.push(model.name);
    """
    assert MODEL in run(clients, loopback_hub, script)


def test_it_lists_files_with_their_sizes(clients: Path, loopback_hub: LoopbackHub) -> None:
    script = f"""
    out = {{}};
    for await (const file of hub.listFiles({{ repo: "{MODEL}", hubUrl, recursive: true }})) out[file.path] = file.size;
    """
    found = run(clients, loopback_hub, script)
    assert set(found) == {"README.md", "config.json", "model.safetensors"}
    assert found["model.safetensors"] == 1_503_300_328


def test_it_serves_a_file_and_its_commit(clients: Path, loopback_hub: LoopbackHub) -> None:
    script = f"""
    const file = await hub.downloadFile({{ repo: "{MODEL}", path: "config.json", hubUrl }});
    const info = await hub.fileDownloadInfo({{ repo: "{MODEL}", path: "model.safetensors", hubUrl }});
    out = {{ config: JSON.parse(await file.text()), size: info.size }};
    """
    found = run(clients, loopback_hub, script)
    assert found["config"]["model_type"] == "qwen3"
    assert found["size"] == 1_503_300_328


def test_what_is_missing_gated_or_private_is_an_error_there_too(clients: Path, loopback_hub: LoopbackHub) -> None:
    script = """
    const status = async (work) => { try { await work(); return 200 } catch (error) { return error.statusCode } };
    const config = (repo) => () => hub.downloadFile({ repo, path: "config.json", hubUrl });
    out = {
        missing: await status(() => hub.modelInfo({ name: "acme/nothing", hubUrl })),
        secret: await status(() => hub.modelInfo({ name: "acme/secret", hubUrl })),
        gated: await status(config("meta-llama/Llama-3.1-8B-Instruct")),
        whoami: await status(() => hub.whoAmI({ accessToken: "hf_unknown", hubUrl })),
    };
    """
    assert run(clients, loopback_hub, script) == {"missing": 401, "secret": 401, "gated": 401, "whoami": 401}


def test_a_gguf_header_reads_alike_there_and_here(clients: Path, loopback_hub: LoopbackHub) -> None:
    written = GgufFile(
        "qwen3",
        {"block_count": 2, "embedding_length": 64, "attention.head_count": 4, "context_length": 40960},
        tokens=100,
        tensors={"token_embd.weight": ((64, 100), 12), "output_norm.weight": ((64,), 0)},
    ).header()
    loopback_hub.add(HubRepo("acme/tiny-GGUF", {"tiny-Q4_K_M.gguf": HubFile(written + bytes(4096))}))
    script = """
    const { metadata, tensorInfos } = await gguf(`${hubUrl}/acme/tiny-GGUF/resolve/main/tiny-Q4_K_M.gguf`);
    out = { metadata, tensors: tensorInfos.map((tensor) => [tensor.name, tensor.shape.map(Number)]) };
    """
    there, here = run(clients, loopback_hub, script), read_header(written, "x")
    keys = ("qwen3.block_count", "qwen3.embedding_length", "qwen3.attention.head_count", "qwen3.context_length")
    assert [there["metadata"][key] for key in keys] == [here.values[key] for key in keys]
    assert there["metadata"]["general.architecture"] == here.architecture
    assert there["tensors"] == [["token_embd.weight", [64, 100]], ["output_norm.weight", [64]]]
