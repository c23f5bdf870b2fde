"""``geoplan serve``: this machine only, a port of its own, a clean end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from geoplan_api.server import NotLoopback, listen, require_loopback

from geoplan.cli import exit_code


def _command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "geoplan.cli", "serve", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def _serving(*arguments: str, url: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "geoplan.cli", "serve", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for _ in range(300):
            try:
                httpx.get(f"{url}/conformance").raise_for_status()
                break
            except httpx.TransportError:
                assert process.poll() is None, process.stdout and process.stdout.read()
                time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_it_serves_the_plan_and_says_where(town_dir: Path) -> None:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with _serving("--plan", str(town_dir), "--port", str(port), url=url) as process:
        assert httpx.get(f"{url}/health").json()["plan"] == "town"
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        assert f"town: {url}/" in said
        assert "Traceback" not in said


def test_host_and_port_may_come_from_the_environment(town_dir: Path) -> None:
    port = _free_port()
    own = {"GEOPLAN_PORT": str(port), "GEOPLAN_HOST": "localhost", "GEOPLAN_LANG": "en"}
    with _serving("--plan", str(town_dir), url=f"http://localhost:{port}", **own):
        landing = httpx.get(f"http://localhost:{port}/")
        assert landing.headers["content-language"] == "en"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", "", "127.0.0.1x"])  # noqa: S104
def test_any_other_host_is_refused_in_words(town_dir: Path, host: str) -> None:
    with pytest.raises(NotLoopback, match="no access control yet") as caught:
        require_loopback(host)
    assert exit_code(caught.value) == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_this_machine_is_not_refused(host: str) -> None:
    require_loopback(host)


def test_refusal_reaches_the_shell(town_dir: Path) -> None:
    answer = _command("--plan", str(town_dir), "--host", "0.0.0.0")  # noqa: S104
    assert answer.returncode == 2
    assert answer.stderr.startswith("geoplan: NotLoopback: --host 0.0.0.0")
    assert "Traceback" not in answer.stderr


def test_a_port_in_use_is_named_with_a_way_out(town_dir: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        answer = _command("--plan", str(town_dir), "--port", str(port))
    assert answer.returncode == 4
    assert answer.stderr.startswith(f"geoplan: PortInUse: port {port} on 127.0.0.1 is in use")
    assert "choose another with --port" in answer.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(town_dir: Path, port: str) -> None:
    assert _command("--plan", str(town_dir), "--port", port).returncode == 2


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    answer = _command("--plan", str(tmp_path / "none"), "--port", "0")
    assert answer.returncode == 3
    assert "CatalogueInvalid" in answer.stderr


def test_answers_do_not_wait_for_nagle() -> None:
    """On a socket not named as TCP, asyncio leaves Nagle's algorithm on: 40 ms an answer."""
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
