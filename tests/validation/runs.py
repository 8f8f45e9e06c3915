"""Measured runs of the shared corpus as requests, with what was measured.

Rows with a flag are left out: speculative decoding, layouts that could not be recovered, stalls
(`serving_truth_suspicious.tsv` gives each reason). Labels are mapped to the words of the contract here and only here.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from bot.structured import EstimateRequest, Parallel, to_request
from estimator.errors import EstimatorError
from estimator.estimation import Estimate, Request, estimate
from ingest.loader import Loader

Metric = Literal["tpot", "ttft", "decode_alone", "max_throughput"]
METRICS: Final[tuple[Metric, ...]] = ("tpot", "ttft", "decode_alone", "max_throughput")

SAME_SHAPE: Final[Mapping[str, str]] = {
    "meta-llama/llama-3.1-405b-instruct": "meta-llama/meta-llama-3.1-405b",
    "zhipuai/glm-5": "zai-org/glm-5",
    "meta-llama/llama-3.3-70b-instruct": "meta-llama/meta-llama-3.1-70b",
    "nvidia/llama-3.1-8b-instruct-fp8": "meta-llama/meta-llama-3.1-8b",
    "deepseek-ai/deepseek-r1-0528": "deepseek-ai/deepseek-r1",
}
GPU_IDS: Final[Mapping[str, str]] = {
    "B200-SXM-180GB": "b200-sxm",
    "H100-SXM-80GB": "h100-sxm-80gb",
    "H200-SXM-141GB": "h200-sxm-141gb",
    "B300-SXM-288GB": "b300-sxm",
    "GB200-NVL72": "gb200-nvl72",
    "GB300-NVL72": "gb300-nvl72",
    "MI300X-192GB": "mi300x",
    "MI325X-256GB": "mi325x",
    "A100-SXM-80GB": "a100-sxm-80gb",
    "A100-PCIe-80GB": "a100-pcie-80gb",
    "H100-PCIe-80GB": "h100-pcie-80gb",
    "H100-NVL-94GB": "h100-nvl-94gb",
    "L40S-48GB": "l40s",
    "RTX 4090 24GB": "rtx-4090",
    "RTX 3090 24GB": "rtx-3090",
    "RTX 4000 Ada 20GB": "rtx-4000-ada",
    "A40 48GB": "a40",
    "RTX-PRO-6000-Blackwell-Server-96GB": "rtx-pro-6000-blackwell-server",
    "RTX A6000 48GB": "rtx-a6000",
    "RTX 6000 Ada 48GB": "rtx-6000-ada",
    "RTX 5000 Ada 32GB": "rtx-5000-ada",
    "M1 Max 32-Core GPU 64GB": "m1-max",
    "M3 Max 40-Core GPU 64GB": "m3-max-40core",
    "M3 Ultra 80c": "m3-ultra",
    "RTX 4080 16GB": "rtx-4080",
}
FORMATS: Final[Mapping[str, str]] = {"f16": "fp16", "fp4": "nvfp4", "UINT4": "int4", "gptq4-g128": "int4"}
ENGINES: Final[Mapping[str, str]] = {"vllm": "vllm", "sglang": "sglang", "trt": "trtllm", "llama.cpp": "llama.cpp"}
MOST_GPUS: Final = 16
"""Beyond two nodes the labels of layouts are flattened."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured figure: seconds for TPOT, TTFT and decoding alone, tokens/s of the machine for throughput."""

    row: str
    metric: Metric
    request: Request
    measured: float
    labels: Mapping[str, str]

    def estimate(self) -> Estimate:
        """The estimate of the same set-up."""
        return estimate(self.request)

    def predicted(self, found: Estimate) -> float:
        """The figure of the estimate that stands against the measured one."""
        if self.metric == "ttft":
            return found.ttft.value
        return found.throughput.value if self.metric == "max_throughput" else found.tpot.value


def read_runs(corpus: Path) -> Iterator[Run]:
    """All runs without a flag whose config and card are named; those the estimator refuses are passed over."""
    models = Loader(allows_paths=True)
    with (corpus / "facts" / "serving_truth.tsv").open(encoding="utf-8") as stream:
        for labels in csv.DictReader(stream, delimiter="\t"):
            run = read_run(labels, corpus, models)
            if run is not None:
                yield run


@cache
def _folders(corpus: Path) -> Mapping[str, Path]:
    """Folders of the corpus's repositories by their ids in lower case."""
    found = (corpus / "hub").glob("*/*")
    return {f"{p.parent.name}/{p.name}".lower(): p for p in found if (p / "config.json").exists()}


def read_run(labels: Mapping[str, str], corpus: Path, models: Loader) -> Run | None:
    """The run of one row; None where a flag stands on it or it names no config or card that we have."""
    found, metric, folders = labels["model"].lower(), _metric(labels), _folders(corpus)
    folder, gpu = folders.get(SAME_SHAPE.get(found, found)), GPU_IDS.get(labels["gpu"])
    gpus, data, pipeline = (_count(labels[key]) or 1 for key in ("n_gpus", "dp", "pp"))
    if labels["flag"] or metric is None or folder is None or gpu is None or not labels["tp"]:
        return None
    if gpus % (data * pipeline) or gpus > MOST_GPUS:
        return None
    asked = EstimateRequest(
        model=str(folder),
        hardware=gpu,
        gpus=gpus,
        parallel=Parallel(
            tensor=gpus // data // pipeline, pipeline=pipeline, data=data, expert=_count(labels["ep"]) or 1
        ),
        weights=FORMATS.get(labels["weights"], labels["weights"]) or None,
        kv_cache={"f16": "fp16"}.get(labels["kv"], labels["kv"]) or None,
        prompt_tokens=_count(labels["isl"]) or 128,
        output_tokens=_count(labels["osl"]) or 128,
        concurrency=_count(labels["concurrency"]) or (1 if metric == "decode_alone" else None),
        engine=_engine(labels["engine"]),  # type: ignore[arg-type]  # pydantic checks the name
        engine_version=labels["engine_version"] or None,
        engine_date=labels["date"][:7] or None,
        arrival="burst" if labels["family"].startswith("NVIDIA") and _engine(labels["engine"]) == "sglang" else None,
    )
    try:
        request = to_request(asked, models.load(asked.model).spec)
        estimate(request)
    except EstimatorError:
        return None
    return Run(labels["row"], metric, request, _measured(labels, metric, gpus), labels)


def _metric(labels: Mapping[str, str]) -> Metric | None:
    kinds: Mapping[tuple[str, str], Metric] = {
        ("serving", "tpot_ms"): "tpot",
        ("serving", "ttft_ms"): "ttft",
        ("batch1", "decode_tok_s"): "decode_alone",
        ("max_throughput", "out_tok_s_per_gpu"): "max_throughput",
    }
    return kinds.get((labels["regime"], labels["metric"]))


def _measured(labels: Mapping[str, str], metric: Metric, gpus: int) -> float:
    value = float(labels["value"])
    if metric == "decode_alone":
        return 1 / value
    return value * gpus if metric == "max_throughput" else value / 1e3


def _engine(label: str) -> str | None:
    return next((name for word, name in ENGINES.items() if word in label.lower()), None)


def _count(text: str) -> int | None:
    try:
        return int(float(text)) if text else None
    except ValueError:
        return None
