"""deploy/kubernetes is what the API of Kubernetes takes, and says what `hubgauge serve` really does."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import yaml

from bot.cli.main import COMMANDS
from bot.settings import read_settings
from bot.variables import VARIABLES
from tests.bot.http.serving import served, whole_app
from tests.docker.docker_files import PYPROJECT, image_environment, values
from tests.docker.docker_files import final_stage as image
from tests.docs.held import MANIFESTS, manifests
from tests.peers import python_packages

if TYPE_CHECKING:
    from pathlib import Path

JUDGE = "kubernetes-validate==1.37.0"
VERSIONS = ("1.30", "1.37")
"""The oldest that the manifests name, and the newest whose schemas the judge brings."""
FILES = sorted(MANIFESTS.glob("*.yaml"))


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [each for each in manifests() if each["kind"] == kind]


def deployment(name: str) -> dict[str, Any]:
    return next(each for each in of_kind("Deployment") if each["metadata"]["name"] == name)


def pod(name: str) -> dict[str, Any]:
    found: dict[str, Any] = deployment(name)["spec"]["template"]["spec"]
    return found


def container(name: str) -> dict[str, Any]:
    (found,) = pod(name)["containers"]
    assert isinstance(found, dict)
    return found


def judged(path: Path, version: str) -> subprocess.CompletedProcess[str]:
    """What Kubernetes' own schemas say to a file, from a package that brings them."""
    programs = python_packages("kubernetes-validate", JUDGE) / "bin"
    script = [str(programs / "python"), str(programs / "kubernetes-validate")]
    command = [*script, "--strict", "--kubernetes-version", version, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


BOTH = pytest.mark.parametrize("name", ["hubgauge", "hubgauge-watch"])


@pytest.mark.enable_socket
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_kubernetes_own_schema_takes_every_object(path: Path, version: str) -> None:
    done = judged(path, version)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.enable_socket
def test_the_judge_refuses_what_is_wrong(tmp_path: Path) -> None:
    wrong = deployment("hubgauge")
    wrong["spec"]["replicsa"] = 2
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(wrong), encoding="utf-8")
    done = judged(tmp_path / "wrong.yaml", VERSIONS[0])
    assert done.returncode != 0
    assert "replicsa" in done.stdout + done.stderr


def test_there_are_all_the_parts_of_a_service() -> None:
    kinds = {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "Secret"}
    assert {each["kind"] for each in manifests()} == kinds


def test_every_probe_asks_for_a_path_that_is_answered() -> None:
    probes = [container("hubgauge")[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert [probe["path"] for probe in probes] == ["/healthz", "/healthz", "/readyz"]
    with served(whole_app()) as address:
        answers = [httpx2.get(address + probe["path"], trust_env=False).status_code for probe in probes]
    assert answers == [200, 200, 200]
    assert {probe["port"] for probe in probes} == {"http"}


def test_the_port_is_one_and_the_same_everywhere() -> None:
    front = container("hubgauge")
    settings = read_settings({"HOME": "/nowhere", **{each["name"]: each["value"] for each in front["env"]}})
    assert front["ports"] == [{"name": "http", "containerPort": settings.port}]
    assert settings.host == "0.0.0.0"  # noqa: S104  # the pod's own network; the policy says who reaches it
    (service,) = of_kind("Service")
    assert [port["targetPort"] for port in service["spec"]["ports"]] == ["http"]
    opened = [rule["ports"] for policy in of_kind("NetworkPolicy") for rule in policy["spec"].get("ingress") or []]
    assert opened == [[{"protocol": "TCP", "port": settings.port}]]


@BOTH
def test_a_container_runs_our_image_and_a_command_that_exists(name: str) -> None:
    found = container(name)
    assert found["image"] == f"hubgauge:{PYPROJECT['project']['version']}"
    assert found["args"][0] in COMMANDS


@BOTH
def test_every_setting_is_one_that_is_read(name: str) -> None:
    (secret,) = of_kind("Secret")
    known = {variable.name: variable for variable in VARIABLES}
    assert {each["name"] for each in container(name)["env"]} <= known.keys()
    assert all(known[key].is_secret for key in secret["stringData"])
    assert container(name)["envFrom"] == [{"secretRef": {"name": secret["metadata"]["name"]}}]


def test_the_secret_of_the_example_holds_nothing() -> None:
    (secret,) = of_kind("Secret")
    assert set(secret["stringData"].values()) == {""}


def test_a_stopping_pod_has_time_for_all_that_it_finishes() -> None:
    """Until nothing is sent to it, for the requests under way, then for Slack's questions that wait."""
    drain_s = read_settings(image_environment()).drain_s
    wait_s = container("hubgauge")["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert wait_s >= 2 * container("hubgauge")["readinessProbe"]["periodSeconds"]
    assert pod("hubgauge")["terminationGracePeriodSeconds"] > wait_s + 2 * drain_s
    assert pod("hubgauge-watch")["terminationGracePeriodSeconds"] >= 30


def test_a_restart_and_a_drained_node_leave_a_replica() -> None:
    spec = deployment("hubgauge")["spec"]
    (budget,) = of_kind("PodDisruptionBudget")
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert 0 < budget["spec"]["minAvailable"] < spec["replicas"]


@BOTH
def test_a_pod_runs_as_the_images_user_and_can_do_no_more_than_it_must(name: str) -> None:
    (user,) = values("USER", image())
    found, inner = pod(name)["securityContext"], container(name)["securityContext"]
    assert f"{found['runAsUser']}:{found['runAsGroup']}" == user
    assert found["runAsNonRoot"] is True
    assert pod(name)["automountServiceAccountToken"] is False
    assert inner == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    (volume,) = values("VOLUME", image())
    assert {mount["mountPath"] for mount in container(name)["volumeMounts"]} == {volume, "/tmp"}  # noqa: S108  # a mount


def test_every_selector_selects_a_pod_that_is_there() -> None:
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in of_kind("Deployment")]
    wanted = [each["spec"]["selector"] for each in of_kind("Service")]
    wanted += [each["spec"]["selector"]["matchLabels"] for each in of_kind("PodDisruptionBudget")]
    wanted += [each["spec"]["podSelector"]["matchLabels"] for each in of_kind("NetworkPolicy")]
    wanted += [each["spec"]["selector"]["matchLabels"] for each in of_kind("Deployment")]
    assert [one for one in wanted if not any(one.items() <= each.items() for each in labels)] == []


def test_only_the_ingress_and_prometheus_reach_a_replica_and_nobody_the_watcher() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind("NetworkPolicy")}
    assert policies["hubgauge"]["ingress"] == []
    assert "Ingress" in policies["hubgauge"]["policyTypes"]
    (rule,) = policies["hubgauge-serve"]["ingress"]
    assert len(rule["from"]) == 2
    assert policies["hubgauge-serve"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "serve"
