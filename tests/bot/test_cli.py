"""The installed command, run as scripts run it: exit codes, streams, JSON, with no Hub in reach."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.contract import Answered, Estimated, Parsed, Shape, Spec
from bot.schemas import NAMES
from bot.store.database import HISTORY, open_database

COMMAND = Path(sys.executable).with_name("hubgauge")
TITLE = "deepseek-v3 on 8×H100 FP8 at 32K"


def run(*arguments: str, stdin: str | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_DISABLE_TELEMETRY": "1", **environ}
    return subprocess.run(
        [str(COMMAND), *arguments], input=stdin, capture_output=True, text=True, env=env, timeout=60, check=False
    )


def as_json(*arguments: str, stdin: str | None = None, **environ: str) -> Any:
    return json.loads(run(*arguments, "--json", stdin=stdin, **environ).stdout)


def has_shape(value: object, shape: type[Shape]) -> bool:
    """Whether the model reads it without converting anything; pydantic says what does not hold."""
    return bool(shape.model_validate_json(json.dumps(value), strict=True))


def test_the_title_question_exits_0_and_says_no_in_words() -> None:
    found = run(TITLE)
    assert found.returncode == 0
    assert "Does not fit" in found.stdout
    assert "8× h200-sxm-141gb" in found.stdout
    assert found.stderr == ""


def test_a_question_may_be_typed_without_quotes() -> None:
    assert run("llama-3.1-8b", "on", "1xH100", "at", "8K").stdout == run("llama-3.1-8b on 1xH100 at 8K").stdout


def test_piped_output_has_no_colour_codes() -> None:
    assert "\x1b" not in run(TITLE).stdout


def test_ask_answers_with_the_contracts_keys() -> None:
    found = as_json(TITLE)
    assert has_shape(found, Answered)
    assert found["results"][0]["estimate"]["fits"] is False


def test_every_line_gets_one_object_in_order_and_a_failure_exits_1() -> None:
    lines = ["llama-3.1-8b on 1xH100", "llama-3.1-8b on h1000", "phi-4 on l40s"]
    found = run("ask", "-", "--json", stdin="\n".join(lines) + "\n")
    objects = [json.loads(line) for line in found.stdout.splitlines()]
    assert found.returncode == 1
    assert ["error" in each for each in objects] == [False, True, False]
    assert objects[2]["results"][0]["hardware"] == "l40s"


def test_parse_needs_no_network_and_keeps_the_contract() -> None:
    found = as_json("parse", TITLE)
    assert has_shape(found, Parsed)
    assert found["hardware"] == [{"id": "h100-sxm-80gb", "count": 8, "memory_gb": None}]
    assert found["context_tokens"] == 32_768


def test_spec_of_a_bundled_model_keeps_the_contract_and_its_parts_sum_to_the_total() -> None:
    found = as_json("spec", "deepseek-v3")
    assert has_shape(found, Spec)
    parts = found["parameters"]
    summed = (
        "embedding",
        "per_layer_embedding",
        "output_head",
        "attention",
        "recurrent",
        "feed_forward",
        "vision",
        "audio",
        "other",
    )
    assert sum(parts[name] for name in summed) == parts["total"]


def test_spec_reads_a_folder_a_file_and_lines(tmp_path: Path) -> None:
    config = {
        "model_type": "llama",
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 100,
        "tie_word_embeddings": False,
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    expected = 2 * (64 * (16 * 4 * 2 + 16 * 2 * 2) + 3 * 64 * 128 + 2 * 64) + 2 * 100 * 64 + 64  # by hand
    for name in (str(tmp_path), str(tmp_path / "config.json")):
        assert as_json("spec", name)["parameters"]["total"] == expected
        assert as_json("spec", "-", stdin=name + "\n")["parameters"]["total"] == expected


def test_estimate_keeps_the_contract() -> None:
    request = {"model": "qwen3-32b", "hardware": "h100-sxm-80gb", "gpus": 1, "concurrency": 16, "context_tokens": 4096}
    found = as_json("estimate", json.dumps(request))
    assert has_shape(found, Estimated)
    assert found["latency"]["tpot_s"]["low"] < found["latency"]["tpot_s"]["value"] < found["latency"]["tpot_s"]["high"]


@pytest.mark.parametrize(
    ("request_text", "named"),
    [
        ('{"model": "qwen3-32b", "hardware": "h100", "concurency": 3}', "concurency"),
        ('{"model": "qwen3-32b", "hardware": "h100", "context_tokens": 0}', "context_tokens"),
        ('{"model": "qwen3-32b", "hardware": "h100", "gpus": -1}', "gpus"),
        ('{"model": "qwen3-32b"}', "hardware"),
        ("[]", "request"),
        ("not json", "request"),
    ],
)
def test_a_faulty_request_is_refused_by_its_key(request_text: str, named: str) -> None:
    found = run("estimate", request_text, "--json")
    assert found.returncode == 1
    assert named in json.loads(found.stdout)["error"]["message"]


def test_hardware_lists_at_least_seventy_cards_with_source_and_confidence() -> None:
    cards = as_json("hardware")["hardware"]
    assert len(cards) >= 70
    assert all(card["source"] and card["confidence"] in {"high", "med", "low"} for card in cards)


def test_method_computes_a_published_figure() -> None:
    found = as_json(
        "method",
        "roofline",
        "n_active=8e9",
        "n_total=12e9",
        "compute=80e12",
        "bandwidth=200e9",
        "context_tokens=8192",
        "kv_bytes=2",
        "batch=128",
    )
    assert found["t_compute_s"] == pytest.approx(0.0128)  # Relearning LLMs 02, simulator
    assert found["crossover_batch"] == pytest.approx(600.49, abs=0.01)


def test_methods_stand_beside_the_estimate() -> None:
    (found,) = as_json("methods", "llama-3.1-8b on 1xH100 at 8K")["results"]
    assert set(found["methods"]) == {"physics", "roofline", "essentials", "scaling-calculator"}
    assert all(method["where_wrong"] for method in found["methods"].values())


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_an_object_schema(name: str) -> None:
    found = json.loads(run("schema", name).stdout)
    assert found["type"] == "object"
    assert found["properties"]


def test_doctor_shows_no_secret_and_says_what_is_missing() -> None:
    found = run("doctor", HF_TOKEN="hf_secret_value", HF_HUB_OFFLINE="1")
    assert found.returncode == 0
    assert "hf_secret_value" not in found.stdout + found.stderr
    assert "SLACK_BOT_TOKEN" in found.stdout


def test_wrong_usage_exits_2() -> None:
    assert run("hardware", "--no-such-option").returncode == 2


def test_an_unknown_model_exits_1_with_near_names_on_stderr() -> None:
    found = run("llama-3.1-9b on h100")
    assert found.returncode == 1
    assert found.stdout == ""
    assert "meta-llama/Llama-3.1-8B" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_reader_that_leaves_early_gets_no_traceback() -> None:
    found = subprocess.run(
        ["sh", "-c", f"'{COMMAND}' hardware | head -1"], capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in found.stderr
    assert "BrokenPipe" not in found.stderr


def test_the_same_program_is_a_command_of_the_hubs_client() -> None:
    found = subprocess.run(
        [str(COMMAND.with_name("hf-gauge")), "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.stdout.startswith("hubgauge")


def test_machines_are_ranked_by_what_the_asker_minds() -> None:
    question = "qwen3-30b-a3b for 100 users at 25 tok/s"
    by_cost = as_json("recommend", question)["recommendations"]
    by_gpus = as_json("recommend", question, "--by", "gpus")["recommendations"]
    prices = [row["estimate"]["cost"]["usd_per_hour"]["median"] for row in by_cost]
    assert prices == sorted(prices)
    assert [row["gpus"] for row in by_gpus] == sorted(row["gpus"] for row in by_gpus)
    assert all(1 / row["estimate"]["latency"]["tpot_s"]["value"] >= 25 for row in by_cost)


def test_doctor_tells_the_version_of_the_database_and_hides_its_password(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'bot.db'}"
    assert _database_finding(address)["state"] == "not set"
    open_database(address).dispose()
    found = _database_finding(address)
    assert (found["state"], f"version {HISTORY.newest()}" in found["said"]) == ("works", True)
    away = _database_finding("postgresql://me:hunter2@127.0.0.1:1/none?connect_timeout=2")
    assert (away["state"], "hunter2" in away["said"]) == ("fails", False)


def test_doctor_tells_of_subscriptions_and_kept_models(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'bot.db'}"
    run("watch", "add", "slack:C0ABC", "Qwen on 8xH100", HUBGAUGE_DATABASE_URL=address)
    found = as_json("doctor", HUBGAUGE_DATABASE_URL=address, HF_HUB_OFFLINE="1")["findings"]
    said = {finding["name"]: finding["said"] for finding in found}
    nothing = "0 delivered, 0 waiting, 0 given up; no watcher has looked yet; nothing was looked at yet"
    assert said["watch"] == f"1 subscriptions; {nothing}"
    assert said["models kept"].startswith("0 models by commit, 0 unfinished scans")


def test_subscriptions_are_added_listed_and_removed(tmp_path: Path) -> None:
    address = {"HUBGAUGE_DATABASE_URL": f"sqlite:///{tmp_path / 'bot.db'}"}
    made = json.loads(run("watch", "add", "https://hooks.example.org/s3cret", "Qwen on 8xH100", **address).stdout)
    assert "s3cret" not in str(made)
    assert json.loads(run("watch", "list", **address).stdout) == made
    assert run("watch", "add", "mail:me", "Qwen", **address).returncode == 1
    assert run("watch", "remove", made["id"], **address).returncode == 0
    assert run("watch", "remove", made["id"], **address).returncode == 1
    assert (
        json.loads(run("watch", "load", "-", stdin="slack:C0ABC acme daily 9\n", **address).stdout)["words"]
        == "acme daily 9"
    )


def _database_finding(address: str) -> dict[str, str]:
    found = as_json("doctor", HUBGAUGE_DATABASE_URL=address, HF_HUB_OFFLINE="1")["findings"]
    finding: dict[str, str] = next(finding for finding in found if finding["name"] == "database")
    return finding
