"""Write models.jsonl from the shared corpus: `python -m ingest.catalogue.build ../shared`.

Run by maintainers; no part of the product imports it. The same corpus gives the same bytes.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ingest.catalogue.shares import SHARES
from ingest.catalogue.trim import Reading, trim_config, trim_quantization
from ingest.errors import IngestError
from ingest.quantization_config import read_weight_plan

AS_OF: Final = "2026-11-20"
"""The day the corpus was collected (research/configs.md)."""

EXCLUDED: Final[Mapping[str, str]] = {
    "google/vit-huge-patch14-224-in21k": "image encoder",
    "openai/clip-vit-large-patch14-336": "image encoder",
    "openai/whisper-tiny": "speech recognizer",
    "tiiuae/Falcon-Perception": "segmentation",
    "internlm/internlm2-7b-reward": "reward model",
    "Skywork/Skywork-Reward-Llama-3.1-8B": "reward model",
    "hf-internal-testing/tiny-random-PhiModel": "toy",
    "ibm-ai-platform/micro-g3.3-8b-instruct-1b": "toy",
    "amd/llama3_1-405b-mlperf-quark": "pruned to 84 layers for a benchmark",
    "unknown/LocateAnything": "repository not known",
    "moonshotai/Kimi-K2-Thinking": "the copy says fp8, memory_truth.tsv M190 int4 experts",
    "Qwen/Qwen2.5-Omni-7B": "the copy is of an AWQ conversion, its repository not known",
    "openbmb/MiniCPM-V-4.6": "the copy is of an AWQ conversion, its repository not known",
}

CAUTIONS: Final[Mapping[str, str]] = {
    "CohereForAI/c4ai-command-r-v01": "the copy may be shortened by its vendor",
    "databricks/dbrx-instruct": "the copy may be shortened by its vendor",
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct": "vision_config is missing in the copy",
    "MiniMaxAI/MiniMax-M3": "the copy looks rewritten by its vendor",
    "Qwen/Qwen3-Next-80B-A3B-Instruct": "the vendor of the copy renames some keys",
    "stepfun-ai/Step-3.7-Flash": "the copy looks rewritten by its vendor",
    "stepfun-ai/Step-3.7-Flash-FP8": "the copy looks rewritten by its vendor",
}
"""From research/configs.md, "Not verified / cautions"."""

_SECTIONS: Final = ("text_config", "llm_config", "language_config")
_QUANT_KEY: Final = "quantization_config"


def build(corpus: Path) -> str:
    """The text of models.jsonl: one model a line, by id without regard to case."""
    origins = _provenance(corpus)
    rows = [_model(corpus, repo_id, origin) for repo_id, origin in origins.items() if repo_id not in EXCLUDED]
    known = {row["repo_id"] for row in rows}
    for share in SHARES:
        if share.of not in known or share.repo_id in known:
            message = f"{share.repo_id} shares {share.of}, which is missing, or is there itself"
            raise SystemExit(message)
        without = {"without": list(share.without)} if share.without else {}
        rows.append({"repo_id": share.repo_id, "shares": share.of, **without, "note": f"shape shared: {share.source}"})
    rows.sort(key=lambda row: row["repo_id"].lower())
    return "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)


def _provenance(corpus: Path) -> dict[str, dict[str, str]]:
    """Rows of configs_provenance.tsv that stand for a config.json, by repository."""
    with (corpus / "facts" / "configs_provenance.tsv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["file"] == "config.json"]
    return {row["repo_id"]: row for row in rows if (corpus / "hub" / row["repo_id"] / "config.json").is_file()}


def _model(corpus: Path, repo_id: str, origin: Mapping[str, str]) -> dict[str, Any]:
    folder = corpus / "hub" / repo_id
    whole = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    beside = folder / "hf_quant_config.json"
    hf_quant = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else None
    config, hf_quant = trim_weights(trim_config(whole), hf_quant, repo_id)
    row: dict[str, Any] = {
        "repo_id": repo_id,
        "as_of": AS_OF,
        "source": f"{origin['source_repo']}@{origin['commit'][:12]}:{origin['path']}",
    }
    notes = [note for note in (CAUTIONS.get(repo_id), _note(origin["note"])) if note]
    return row | ({"note": "; ".join(notes)} if notes else {}) | {"config": config} | _beside(hf_quant)


def _beside(hf_quant: dict[str, Any] | None) -> dict[str, Any]:
    return {} if hf_quant is None else {"hf_quant_config": hf_quant}


def _note(text: str) -> str:
    """What the provenance says of certainty, without how the copy was chosen."""
    if "uncertain" in text:
        return "repository id uncertain: inferred from the name of the copy"
    if "inferred" in text:
        return "repository id inferred from the name of the copy"
    return "publisher's GitHub; the Hub's copy may differ" if "publisher" in text else ""


def trim_weights(
    config: dict[str, Any], hf_quant: dict[str, Any] | None, repo_id: str
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Both files with their quantization cut to what `read_weight_plan` needs."""
    layers = num_layers(config)
    whole = _stated(config, hf_quant, repo_id, layers)
    if hf_quant is not None and _stated(config, None, repo_id, layers) == whole:
        hf_quant = None
    if hf_quant is not None:
        hf_quant = trim_quantization(hf_quant, lambda beside: _stated(config, beside, repo_id, layers))
    for path in tuple(_quant_sections(config)):
        config = _trim_section(config, path, lambda of: _stated(of, hf_quant, repo_id, layers))
    if _stated(config, hf_quant, repo_id, layers) != whole:
        message = f"{repo_id}: the shortened quantization reads differently"
        raise SystemExit(message)
    return config, hf_quant


def _stated(config: dict[str, Any], hf_quant: dict[str, Any] | None, repo_id: str, layers: int) -> object:
    """What the product reads of both files; an error of ours counts as a reading."""
    try:
        read = read_weight_plan(config, hf_quant, repo_id=repo_id, num_hidden_layers=layers)
    except IngestError as error:
        return type(error), error.message
    return read.plan, read.cache_format, read.warnings


def _trim_section(config: dict[str, Any], path: str, reads: Reading) -> dict[str, Any]:
    section = config[path] if path else config
    small = trim_quantization(section[_QUANT_KEY], lambda value: reads(_with(config, path, section, value)))
    return _with(config, path, section, small)


def _quant_sections(config: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(config.get(_QUANT_KEY), dict):
        yield ""
    for path in _SECTIONS:
        section = config.get(path)
        if isinstance(section, dict) and isinstance(section.get(_QUANT_KEY), dict):
            yield path


def _with(config: dict[str, Any], path: str, section: dict[str, Any], value: object) -> dict[str, Any]:
    """The config with one quantization section replaced."""
    return {**config, path: {**section, _QUANT_KEY: value}} if path else {**config, _QUANT_KEY: value}


def num_layers(config: Mapping[str, Any]) -> int:
    """Decoder layers, as the config's own keys count them."""
    places = [config, *(config[path] for path in _SECTIONS if isinstance(config.get(path), dict))]
    for place in reversed(places):
        for key in ("num_hidden_layers", "num_layers", "n_layer", "n_layers"):
            if isinstance(place.get(key), int):
                return int(place[key])
        if isinstance(place.get("layers_block_type"), list):
            return len(place["layers_block_type"])
    return 1


def main() -> None:
    """Write models.jsonl beside this file, from the corpus named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="the shared corpus: hub/ and facts/ lie in it")
    text = build(parser.parse_args().corpus)
    Path(__file__).with_name("models.jsonl").write_text(text, encoding="ascii")
    sys.stdout.write(f"{text.count(chr(10))} models, {len(text):,} bytes\n")


if __name__ == "__main__":
    main()
