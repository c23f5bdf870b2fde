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
from typing import Any

import httpx
import pytest
from geoplan_api.server import KeysNeeded, listen, require_keys

from geoplan.access import KeyFile, key_file
from geoplan.cli import exit_code
from geoplan.settings import Settings


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
def test_any_other_host_needs_a_key(tmp_path: Path, host: str) -> None:
    plan = tmp_path / "plan"
    with pytest.raises(KeysNeeded, match="make one with 'geoplan key add NAME") as caught:
        require_keys(Settings(plan=plan, host=host))
    assert exit_code(caught.value) == 2
    KeyFile(key_file(plan)).add("anna", "viewer")
    require_keys(Settings(plan=plan, host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_this_machine_needs_none_but_where_others_come_in_by_a_proxy(
    tmp_path: Path, host: str
) -> None:
    plan = tmp_path / "plan"
    require_keys(Settings(plan=plan, host=host))
    behind: list[dict[str, Any]] = [
        {"require_key": True},
        {"hosts": ("plan.example.org",)},
        {"trusted_proxies": ("127.0.0.1",)},
    ]
    for more in behind:
        with pytest.raises(KeysNeeded):
            require_keys(Settings(plan=plan, host=host, **more))


def test_refusal_reaches_the_shell(town_dir: Path) -> None:
    answer = _command("--plan", str(town_dir), "--host", "0.0.0.0")  # noqa: S104
    assert answer.returncode == 2
    assert answer.stderr.startswith("geoplan: KeysNeeded: --host 0.0.0.0")
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
