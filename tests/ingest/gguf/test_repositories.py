"""GGUF repositories on a loopback Hub: what is asked for, what is chosen, what it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ingest import errors
from ingest.cache import RepoCache
from ingest.catalogue import bundled_catalogue
from ingest.gguf.files import label_of
from ingest.hub import HubClient
from ingest.loader import Loader, load_path
from ingest.settings import Settings
from tests.hub import faults
from tests.hub.fixture_repos import QWEN3_0_6B
from tests.hub.repositories import HubFile, HubRepo, json_file, weights_file
from tests.ingest.gguf.writer import GgufFile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.loopback import LoopbackHub
    from tests.ingest.gguf.writer import Tensors

REPO = "bartowski/Qwen_Qwen3-0.6B-GGUF"
# Source: Qwen/Qwen3-0.6B, config.json, as convert_hf_to_gguf.py writes it; sizes as that repository listed them.
QWEN3 = GgufFile(
    "qwen3",
    {
        "block_count": 28,
        "context_length": 40960,
        "embedding_length": 1024,
        "feed_forward_length": 3072,
        "attention.head_count": 16,
        "attention.head_count_kv": 8,
        "attention.key_length": 128,
        "attention.value_length": 128,
    },
    tokens=151936,
)
Q4_BYTES, Q8_BYTES = 484_220_320, 804_762_016
TOTAL = 596_049_920


def big(content: bytes, size_bytes: int) -> HubFile:
    """A large file in LFS that begins with these bytes; the rest is zeros and takes no memory."""
    return HubFile(content, virtual_bytes=size_bytes, is_lfs=True)


@pytest.fixture(scope="module")
def header() -> bytes:
    return QWEN3.header()


class World:
    """A loopback Hub, a cache and a loader over both."""

    def __init__(self, hub: LoopbackHub, folder: Path, header: bytes) -> None:
        self.hub, self.header = hub, header
        settings = Settings(endpoint=hub.url, timeout_s=10.0)
        self.cache = RepoCache(folder, endpoint=hub.url, identity=settings.identity)
        self.client = HubClient(settings, cache=self.cache)
        self.loader = Loader(connect=lambda: self.client)

    def add(self, files: dict[str, HubFile], *, total: int | None = TOTAL, **more: object) -> None:
        gguf = {"total": total, "architecture": "qwen3"} if total else None
        self.hub.add(HubRepo(REPO, files, gguf=gguf, tags=(f"base_model:quantized:{BASE}",), **more))  # type: ignore[arg-type]  # keys of HubRepo


BASE = "Qwen/Qwen3-0.6B-Base"


@pytest.fixture
def world(loopback_hub: LoopbackHub, tmp_path: Path, header: bytes) -> World:
    world = World(loopback_hub, tmp_path, header)
    world.add(
        {
            "README.md": HubFile(b"# card"),
            "Qwen_Qwen3-0.6B-Q4_K_M.gguf": big(header, Q4_BYTES),
            "Qwen_Qwen3-0.6B-Q8_0.gguf": big(header, Q8_BYTES),
            "mmproj-Qwen_Qwen3-0.6B-f16.gguf": big(b"", 10**6),
        }
    )
    return world


def test_a_quantization_costs_two_requests_and_256_kib_and_is_exact(world: World) -> None:
    model = world.loader.load(f"{REPO}:Q8_0")
    spec = model.spec
    ranges = [entry.headers.get("range") for entry in world.hub.log if entry.path.endswith(".gguf")]
    assert ranges == ["bytes=0-262143"]
    hub_paths = [path for path in world.hub.paths() if not path.startswith("/cdn/")]  # the file's own host is no Hub
    assert len(hub_paths) == 2
    assert spec.total_parameters == TOTAL
    assert (spec.checkpoint_bytes, spec.weights.name) == (Q8_BYTES, "q8_0")
    assert spec.weight_bytes() == pytest.approx(Q8_BYTES)
    assert model.bytes_source == "sizes of the GGUF files"
    assert model.warnings == ()
    assert model.provenance is not None
    assert model.provenance["hidden_size"] == "GGUF header"


def test_it_is_said_which_file_was_read_and_what_it_was_made_from(world: World) -> None:
    read_as = world.loader.load(f"{REPO}:q8_0").read_as
    assert "Q8_0" in read_as
    assert f"a quantization of {BASE}" in read_as


def test_a_file_seen_before_costs_no_request(world: World) -> None:
    first = world.loader.load(f"{REPO}:Q4_K_M")
    world.hub.paths()
    again = world.loader.load(f"{REPO}:Q4_K_M")
    assert world.hub.paths() == []
    assert again.spec == first.spec


def test_without_a_label_q4_k_m_is_chosen_and_said(world: World) -> None:
    model = world.loader.load(REPO)
    assert model.spec.checkpoint_bytes == Q4_BYTES
    assert "Q4_K_M" in model.read_as


def test_without_q4_k_m_the_ones_there_are_listed_with_their_sizes(world: World) -> None:
    world.add({"a-Q8_0.gguf": big(world.header, Q8_BYTES), "a-Q6_K.gguf": big(world.header, 6 * 10**8)})
    with pytest.raises(errors.AmbiguousModel, match=r"Q6_K \(0\.6 GB\), Q8_0 \(0\.8 GB\)") as caught:
        world.loader.load(REPO)
    assert caught.value.suggestions == (f"{REPO}:Q6_K", f"{REPO}:Q8_0")


def test_a_label_that_is_not_there_is_refused_with_those_that_are(world: World) -> None:
    with pytest.raises(errors.UnknownModel, match=r"no Q5_K_M.*Q4_K_M") as caught:
        world.loader.load(f"{REPO}:Q5_K_M")
    assert f"{REPO}:Q8_0" in caught.value.suggestions


@pytest.mark.parametrize("form", ["https://huggingface.co/{}/resolve/main/{}", "hf://{}/{}", "hf.co/{}/blob/main/{}"])
def test_the_address_of_a_file_means_that_file(world: World, form: str) -> None:
    model = world.loader.load(form.format(REPO, "Qwen_Qwen3-0.6B-Q8_0.gguf"))
    assert model.spec.checkpoint_bytes == Q8_BYTES


def test_a_listed_name_that_climbs_out_of_the_repository_is_no_file_of_it(world: World) -> None:
    world.add({"../../other/model-Q4_K_M.gguf": big(world.header, Q4_BYTES)})
    with pytest.raises(errors.IngestError):
        world.loader.load(REPO)
    assert not any("other" in path for path in world.hub.paths())


def test_parts_are_one_quantization_and_their_sizes_a_sum(world: World) -> None:
    parts = {f"UD-Q4_K_XL/m-UD-Q4_K_XL-0000{n}-of-00003.gguf": big(world.header, n * 10**8) for n in (1, 2, 3)}
    world.add(parts)
    model = world.loader.load(f"{REPO}:UD-Q4_K_XL")
    assert model.spec.checkpoint_bytes == 6 * 10**8
    assert "3 parts" in model.read_as
    asked = [path for path in world.hub.paths() if path.endswith(".gguf")]
    assert [path[-20:] for path in asked] == ["-00001-of-00003.gguf"]
    assert world.loader.load(f"{REPO}:Q4_K_XL").spec.weights.name == "q4_k_m"


def test_a_part_that_is_missing_is_said(world: World) -> None:
    world.add({f"m-Q4_K_M-0000{n}-of-00003.gguf": big(world.header, 10**8) for n in (1, 3)})
    assert any("parts" in said for said in world.loader.load(REPO).warnings)


def test_a_config_beside_the_files_gives_the_shape_and_saves_the_header(world: World) -> None:
    world.add({"config.json": json_file(QWEN3_0_6B), "m-Q8_0.gguf": big(b"never read", Q8_BYTES)})
    model = world.loader.load(f"{REPO}:Q8_0")
    assert not any(path.endswith(".gguf") for path in world.hub.paths())
    assert (model.spec.total_parameters, model.spec.checkpoint_bytes) == (TOTAL, Q8_BYTES)


# Source of the totals: ../shared/facts/models_truth.tsv, and published_totals.tsv for the one with its MTP layer.
@pytest.mark.parametrize(("total", "mtp"), [(352_797_814_784, 0), (358_337_777_056, 5_539_962_272)])
def test_the_stated_total_tells_whether_the_files_hold_the_predicting_layer(world: World, total: int, mtp: int) -> None:
    glm = bundled_catalogue().entry("zai-org/GLM-4.5")
    assert glm is not None
    world.add({"config.json": json_file(glm.config), "m-Q8_0.gguf": big(b"", 380 * 10**9)}, total=total)
    model = world.loader.load(REPO)
    assert model.spec.mtp_parameters == mtp
    assert model.spec.weight_bytes(with_mtp=True) == pytest.approx(380e9)
    assert not any("explains" in said for said in model.warnings)


@pytest.mark.parametrize(("relation", "said"), [("finetune", "a fine-tune of"), ("merge", "a merge of")])
def test_a_derived_repository_names_its_base(world: World, relation: str, said: str) -> None:
    files = {"config.json": json_file(QWEN3_0_6B), "model.safetensors": weights_file(1_503_300_328)}
    world.hub.add(HubRepo("someone/tuned", files, tags=(f"base_model:{relation}:{BASE}",)))
    assert f"{said} {BASE}" in world.loader.load("someone/tuned").read_as


@pytest.mark.parametrize(("last", "total"), [("output.weight", TOTAL + 1024 * 151936), ("output_norm.weight", TOTAL)])
def test_where_the_hub_states_no_total_the_tensors_tell_of_the_output_head(world: World, last: str, total: int) -> None:
    file = replace(QWEN3, tensors={"token_embd.weight": ((1024, 151936), 8), last: ((1024,), 0)})
    world.add({"m-Q8_0.gguf": big(file.header(), Q8_BYTES)}, total=None)
    assert world.loader.load(REPO).spec.total_parameters == total
    requests = [path for path in world.hub.paths() if not path.startswith("/cdn/")]
    assert len(requests) <= 4  # the info, the shape, and two steps to the tensors


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", errors.MalformedConfig),
        (b"<html>log in</html>", errors.MalformedConfig),
        (b"GGUF" + b"\xff" * 4096, errors.MalformedConfig),
        (GgufFile("qwen3", {"block_count": 2, "embedding_length": 64}).header(), errors.UnsupportedArchitecture),
        (GgufFile("flux", {}).header(), errors.NotAGenerativeModel),
        (GgufFile("qwen3", {}, general={"tokenizer.chat_template": "x" * 2**24}).header(), errors.MalformedConfig),
    ],
)
def test_a_file_that_tells_no_shape_is_refused_by_name(
    world: World, content: bytes, error: type[errors.IngestError]
) -> None:
    world.hub.add(HubRepo("acme/odd", {"odd-Q8_0.gguf": HubFile(content, is_lfs=True)}))
    with pytest.raises(error, match="acme/odd"):
        world.loader.load("acme/odd")


def test_a_hub_without_ranges_is_read_no_further_than_wanted(world: World) -> None:
    world.hub.add(HubRepo("acme/plain", {"m-Q8_0.gguf": weights_file(Q8_BYTES)}, gguf={"total": TOTAL}))
    world.hub.fail(faults.body(world.header + bytes(2**21), "/acme/plain/resolve"))
    assert world.loader.load("acme/plain").spec.total_parameters == TOTAL


def test_the_whole_file_says_the_same_from_a_disk(tmp_path: Path, world: World) -> None:
    file = tmp_path / "Qwen_Qwen3-0.6B-Q8_0.gguf"
    tied = replace(QWEN3, tensors={"token_embd.weight": ((1024, 151936), 8)})
    file.write_bytes(tied.header() + bytes(2**20))
    with file.open("r+b") as stream:
        stream.truncate(Q8_BYTES)
    local = load_path(str(file))
    assert replace(local.spec, repo_id="", revision=None) == replace(
        world.loader.load(f"{REPO}:Q8_0").spec, repo_id="", revision=None
    )


def test_parts_on_a_disk_are_found_together(tmp_path: Path) -> None:
    tensors: Tensors = {"token_embd.weight": ((1024, 151936), 8), "output.weight": ((1024, 151936), 8)}
    first, second = (tmp_path / f"m-Q8_0-0000{n}-of-00002.gguf" for n in (1, 2))
    first.write_bytes(replace(QWEN3, tensors={}).header())
    second.write_bytes(GgufFile("qwen3", {}, tensors=tensors).header())
    for file in (first, second):
        with file.open("r+b") as stream:
            stream.truncate(Q8_BYTES // 2)  # the data, which is never read, as a hole
    model = load_path(str(first))
    assert model.spec.checkpoint_bytes == Q8_BYTES
    assert model.spec.output_head_parameters == 1024 * 151936


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(errors.NoConfig, match=r"none\.gguf"):
        load_path(str(tmp_path / "none.gguf"))


# Names as publishers write them: bartowski, unsloth, ggml-org, TheBloke, Qwen, mradermacher.
LABELS = {
    "Qwen_Qwen3-8B-Q4_K_M.gguf": "Q4_K_M",
    "Q4_K_M/DeepSeek-V3-Q4_K_M-00001-of-00009.gguf": "Q4_K_M",
    "UD-Q2_K_XL/DeepSeek-R1-UD-Q2_K_XL-00001-of-00005.gguf": "UD-Q2_K_XL",
    "gpt-oss-20b-mxfp4.gguf": "MXFP4",
    "mistral-7b-instruct-v0.2.Q5_K_S.gguf": "Q5_K_S",
    "qwen2.5-7b-instruct-fp16-00001-of-00004.gguf": "F16",
    "Llama-3.3-70B-Instruct.i1-IQ2_XXS.gguf": "IQ2_XXS",
    "BF16/gemma-3-27b-it-BF16-00001-of-00002.gguf": "BF16",
    "gemma-3-27b-it-q4_0.gguf": "Q4_0",
    "model.gguf": "",
    "Q8_0/model.gguf": "Q8_0",
}


@pytest.mark.parametrize("name", LABELS)
def test_a_label_is_found_in_the_name_that_a_publisher_gave(name: str) -> None:
    assert label_of(name) == LABELS[name]
