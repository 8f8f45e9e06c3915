"""The image's health check, run as the image runs it, against fronts that are well, ill and absent."""

from __future__ import annotations

import contextlib
import http.server
import os
import runpy
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).resolve().parents[2] / "docker" / "healthcheck.py"
CHECK: dict[str, Any] = runpy.run_path(str(SCRIPT))
# The columns of /proc/net/tcp: Linux Documentation/networking/proc_net_tcp.rst; 01 is established, 06 is TIME_WAIT.
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


@contextlib.contextmanager
def front(status: int) -> Iterator[int]:
    """The port of a server on loopback that says `status` to /healthz and 404 to anything else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name http.server calls for
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def run_check(**environ: str) -> subprocess.CompletedProcess[str]:
    """The script in a process of its own, as HEALTHCHECK starts it."""
    return subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def proc_with(folder: Path, *rows: str, command: tuple[str, ...] = ("python", "hubgauge", "slack")) -> Path:
    """A /proc with these rows of net/tcp and this process 1."""
    (folder / "net").mkdir()
    (folder / "1").mkdir()
    (folder / "net" / "tcp").write_text(HEADER + "".join(f"{row}\n" for row in rows))
    (folder / "1" / "cmdline").write_text("".join(f"{word}\0" for word in command))
    return folder


def test_a_front_that_answers_is_healthy() -> None:
    with front(200) as port:
        check = run_check(HUBGAUGE_PORT=str(port))
    assert (check.returncode, check.stderr) == (0, "")


def test_a_front_that_says_503_is_not() -> None:
    with front(503) as port:
        check = run_check(HUBGAUGE_PORT=str(port))
    assert check.returncode == 1
    assert check.stderr == f"/healthz on port {port} says 503\n"


def test_an_absent_front_is_not_healthy_and_leaves_no_traceback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    check = run_check(HUBGAUGE_PORT=str(port))
    assert check.returncode == 1
    assert check.stderr.startswith(f"nobody answers /healthz on port {port}")
    assert "Traceback" not in check.stderr


def test_a_proxy_in_the_environment_is_not_asked() -> None:
    with front(200) as port:
        check = run_check(HUBGAUGE_PORT=str(port), HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")
    assert check.returncode == 0


def test_a_standing_connection_to_slack_is_healthy(tmp_path: Path) -> None:
    proc = proc_with(tmp_path, "   0: 0100007F:A3C4 0A2B3C4D:01BB 01 00000000:00000000")
    assert CHECK["slack_complaint"]({}, proc) == ""


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("   0: 0100007F:A3C4 0A2B3C4D:01BB 06 00000000:00000000", "a connection that is over"),
        ("   0: 00000000:01BB 00000000:0000 0A 00000000:00000000", "a port of our own"),
        ("   0: 0100007F:A3C4 0A2B3C4D:1538 01 00000000:00000000", "PostgreSQL's 5432"),
    ],
)
def test_what_is_no_connection_to_slack_does_not_count(tmp_path: Path, row: str, why: str) -> None:
    assert "Slack" in CHECK["slack_complaint"]({}, proc_with(tmp_path, row)), why


def test_a_proxy_of_the_environment_is_a_way_to_slack(tmp_path: Path) -> None:
    proc = proc_with(tmp_path, "   0: 0100007F:A3C4 0A2B3C4D:0C38 01 00000000:00000000")  # 3128
    assert CHECK["slack_complaint"]({}, proc)
    assert CHECK["slack_complaint"]({"HTTPS_PROXY": "http://proxy.example:3128"}, proc) == ""


def test_only_hubgauge_slack_is_asked_for_its_connection(tmp_path: Path) -> None:
    for name, command in {"a": ("python", "hubgauge", "slack"), "b": ("python", "hubgauge", "serve")}.items():
        (tmp_path / name).mkdir()
        assert CHECK["runs_slack"](proc_with(tmp_path / name, command=command)) is (command[-1] == "slack")


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
def test_a_real_connection_is_found_in_the_real_table() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port not in CHECK["connected_ports"](Path("/proc"))
        with socket.create_connection(("127.0.0.1", port)):
            assert port in CHECK["connected_ports"](Path("/proc"))
