# noqa: INP001  # a script that the image carries, no part of a package
"""Exit status 0 when the front in this container does its work; the image carries no curl.

`hubgauge serve` must answer /healthz. `hubgauge slack` listens nowhere: it must hold a connection to Slack.
Which of them runs is read from process 1, so that one HEALTHCHECK serves both.
"""

from __future__ import annotations

import http.client
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 3.0
HTTP_OK = 200
ESTABLISHED = "01"  # the fourth column of /proc/net/tcp, Linux include/net/tcp_states.h
DEFAULT_PORTS = {"https": 443, "http": 80}
PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy")


def healthz_complaint(port: int) -> str:
    """What is wrong with /healthz on this machine's loopback address; empty when it answers 200.

    `http.client` asks directly: a proxy in the environment has no say in it.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"nobody answers /healthz on port {port}: {error}"
    finally:
        connection.close()
    return "" if status == HTTP_OK else f"/healthz on port {port} says {status}"


def slack_complaint(environ: Mapping[str, str], proc: Path = Path("/proc")) -> str:
    """What is wrong with the way to Slack; empty when a connection to one of its ports, or to a proxy's, stands.

    A weaker sign than /healthz: it tells a lost socket, not a busy loop. Connections to a database do not count.
    """
    ports = slack_ports(environ)
    if ports & connected_ports(proc):
        return ""
    return f"no connection stands to any of the ports {sorted(ports)}: Slack's socket is down"


def slack_ports(environ: Mapping[str, str]) -> set[int]:
    """443, and the ports of SLACK_API_URL and of proxies where they are set."""
    urls = [urlsplit(environ.get(name, "")) for name in ("SLACK_API_URL", *PROXIES)]
    return {443} | {url.port or DEFAULT_PORTS.get(url.scheme, 443) for url in urls if url.hostname}


def connected_ports(proc: Path) -> set[int]:
    """The far ports of every connection that stands in this container, IPv4 and IPv6."""
    rows = [row.split() for name in ("tcp", "tcp6") for row in _lines(proc / "net" / name)[1:]]
    return {int(row[2].rpartition(":")[2], 16) for row in rows if row[3] == ESTABLISHED}


def runs_slack(proc: Path = Path("/proc")) -> bool:
    """Whether process 1 is `hubgauge slack`."""
    return any("slack" in line.split("\0") for line in _lines(proc / "1" / "cmdline"))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []  # no IPv6 in this kernel, or no /proc: nothing stands there


def main() -> None:
    """End this process with 0 (healthy), or with 1 and one line about why not."""
    if runs_slack():
        complaint = slack_complaint(os.environ)
    else:
        complaint = healthz_complaint(int(os.environ.get("HUBGAUGE_PORT") or 8000))
    if complaint:
        sys.exit(complaint)


if __name__ == "__main__":
    main()
