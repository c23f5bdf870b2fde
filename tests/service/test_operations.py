"""Workers, logs, metrics, an end to slow heads, a proxy before: all with real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from geoplan_api import create_app, protocol
from geoplan_api.server import listen, server_config

from geoplan import Catalogue
from geoplan.access import KeyFile
from geoplan.settings import Settings
from tests.service.editing_rig import Plot, feature, plots_in, write_plots


@contextmanager
def _serving(plan: Path, log: Path, *arguments: str, **environment: str) -> Iterator[Any]:
    """Serve a plan in a process of its own; yield it and its address."""
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "geoplan.cli", "serve", "--plan", str(plan), "--port", "0",
             *arguments],
            env={**os.environ, **environment}, stdout=out, stderr=out,
        )  # fmt: skip
        try:
            yield process, _address(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(300):
        found = re.search(r"http://[^/\"]+:(\d+)/", log.read_text(encoding="utf-8"))
        if found:
            url = f"http://127.0.0.1:{found[1]}"
            try:
                if httpx.get(f"{url}/health").status_code:
                    return url
            except httpx.TransportError:
                pass
        assert process.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))


def _figure(text: str, name: str) -> float:
    found = [float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name)]
    return sum(found)


def test_several_workers_edit_one_file_and_add_up_their_figures(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    plots = write_plots(plan)
    with _serving(plan, tmp_path / "log", "--workers", "2", "--edit") as (process, url):
        made = {f"new-{n}": Plot(n, (500_000 + n, 4_550_000, 500_010 + n, 4_550_009))
                for n in range(40)}  # fmt: skip

        def create(name: str) -> int:
            # a connection of its own each: the system gives them to either worker
            body = feature(name, made[name])
            crs = {"Content-Crs": "<http://www.opengis.net/def/crs/EPSG/0/4550>"}
            return httpx.post(f"{url}/collections/plots/items", json=body, headers={
                **crs, "Content-Type": "application/geo+json"}, timeout=30).status_code  # fmt: skip

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(create, made)) == [201] * 40
        for _ in range(20):  # both see all, whoever answers
            read = httpx.get(f"{url}/collections/plots/items?limit=1").json()
            assert read["numberMatched"] == len(plots) + 40
        text = httpx.get(f"{url}/metrics").text
        assert _figure(text, 'geoplan_edits_total{method="POST"}') == 40
        memory = re.findall(r'geoplan_process_resident_memory_bytes\{pid="(\d+)"\} (\S+)', text)
        assert len(memory) == 2
        assert all(20e6 < float(bytes_) < 400e6 for _, bytes_ in memory)
        # one that is killed is replaced, and its figures are kept
        os.kill(int(memory[0][0]), signal.SIGKILL)
        time.sleep(1.5)
        assert _figure(httpx.get(f"{url}/metrics").text, "geoplan_edits_total{") == 40
    assert process.returncode in (0, -signal.SIGTERM)
    assert plots_in(plan / "plots.gpkg") == {**plots, **made}
    assert not list(plan.glob("*-wal"))


def test_metrics_count_by_template(serve: Any, town: Catalogue) -> None:
    url = serve(create_app(town, Settings()))
    for path in ("IP-1", "IP-2", "none", "a/b"):
        httpx.get(f"{url}/collections/industrial-parks/items/{path}")
    httpx.request("PROPFIND", url + "/")
    httpx.get(url + "/wp-login.php?token=secret")
    answer = httpx.get(url + "/metrics", headers={"Accept": "text/plain;version=0.0.4;q=0.5,*/*"})
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    item = "/collections/{collection_id}/items/{feature_id}"
    text = answer.text
    assert f'geoplan_requests_total{{method="GET",route="{item}",status="200"}} 2.0' in text
    assert f'geoplan_requests_total{{method="GET",route="{item}",status="404"}} 2.0' in text
    assert 'method="OTHER",route="/",status="405"' in text
    assert 'method="GET",route="none",status="404"} 1.0' in text
    assert f'geoplan_request_seconds_count{{route="{item}",status="200"}} 2.0' in text
    assert f'geoplan_request_seconds_bucket{{le="+Inf",route="{item}",status="200"}} 2.0' in text
    assert "wp-login" not in text
    assert "secret" not in text
    mine = re.search(rf'resident_memory_bytes\{{pid="{os.getpid()}"\}} (\S+)', text)
    assert mine is not None
    page = os.sysconf("SC_PAGE_SIZE")
    held = int(Path("/proc/self/statm").read_text().split()[1]) * page
    assert float(mine[1]) == pytest.approx(held, rel=0.2)


def test_threat_19_the_log_has_one_line_a_request_and_no_secret(
    town_dir: Path, tmp_path: Path
) -> None:
    file, log = tmp_path / "keys.json", tmp_path / "log"
    secret = KeyFile(file).add("anna", "viewer")
    own = {"GEOPLAN_KEYS": str(file), "GEOPLAN_REQUIRE_KEY": "1", "GEOPLAN_URL_TOKEN": "1",
           "GEOPLAN_LOG": "json"}  # fmt: skip
    with _serving(town_dir, log, **own) as (_, url):
        httpx.get(f"{url}/collections?token={secret}").raise_for_status()
        httpx.get(f"{url}/collections/highways/items/x%1Bforged[31m", headers={
            "Authorization": f"Bearer {secret}", "User-Agent": "evil"})  # fmt: skip
        httpx.get(f"{url}/rules?token=gpk_wrong")
        httpx.get(f"{url}/nothing%0d%0a?x=%0a", headers={"X-API-Key": secret})
        httpx.get(f"{url}/collections/?token={secret}", follow_redirects=True).raise_for_status()
    text = log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["logger"] == "geoplan_api.requests"]
    told = [(one["method"], one["route"], one["status"], one["key"]) for one in requests][1:]
    assert told == [
        ("GET", "/collections", 200, "anna"),
        ("GET", "/collections/{collection_id}/items/{feature_id}", 404, "anna"),
        ("GET", "none", 401, None),
        ("GET", "none", 404, "anna"),
        ("GET", "none", 307, None),
        ("GET", "/collections", 200, "anna"),
    ]
    assert all(one["ms"] >= 0 and one["time"].endswith("Z") for one in requests)
    assert requests[1]["bytes"] > 1000
    for word in (secret, "gpk_", "forged", "evil", "token"):
        assert word not in text
    assert text.isascii()


@pytest.mark.parametrize("form", ["text", "off"])
def test_the_log_is_text_or_without_requests(town_dir: Path, tmp_path: Path, form: str) -> None:
    log = tmp_path / "log"
    with _serving(town_dir, log, GEOPLAN_LOG=form) as (_, url):
        httpx.get(f"{url}/conformance").raise_for_status()
    text = log.read_text(encoding="utf-8")
    wanted = r"Z INFO method=GET route=/conformance status=200 ms=\S+ bytes=\d+ key=127\.0\.0\.1"
    assert bool(re.search(wanted, text)) == (form == "text")


def test_no_line_of_the_log_can_be_forged() -> None:
    import logging

    from geoplan_api.logs import FIELDS, JsonLines, TextLines

    evil = 'a\nb\r\x1b[31m\u2028"x=1'
    for extra in ({}, {FIELDS: {"key": evil}}):
        record = logging.makeLogRecord({"msg": evil, "levelname": "INFO", **extra})
        for form in (TextLines(), JsonLines()):
            line = form.format(record)
            assert len(line.splitlines()) == 1
            assert line.isprintable()


@contextmanager
def _quick(town: Catalogue, seconds: float) -> Iterator[tuple[str, int]]:
    """Serve with the protocol of the service, whose patience is cut short for the test."""
    import threading

    class Quick(protocol.Protocol):
        head_seconds = seconds

    config = server_config(create_app(town, Settings()), "warning")
    config.http = Quick
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join(timeout=15)


def _ended(connection: socket.socket) -> bytes:
    """Return what comes until the other side ends it."""
    connection.settimeout(5)
    found = b""
    while part := connection.recv(65536):
        found += part
    return found


def test_threat_17_a_head_that_does_not_come_is_not_waited_for(town: Catalogue) -> None:
    assert protocol.HEAD_SECONDS <= 10
    assert protocol.Protocol.head_seconds == protocol.HEAD_SECONDS
    with _quick(town, 0.6) as place:
        for start in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "):
            with socket.create_connection(place) as connection:
                connection.sendall(start)
                began = time.monotonic()
                assert b" 408 " in _ended(connection)
                assert 0.3 < time.monotonic() - began < 2


def test_threat_17_a_head_byte_by_byte_has_no_more_time(town: Catalogue) -> None:
    with _quick(town, 0.8) as place, socket.create_connection(place) as connection:
        began = time.monotonic()
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        with suppress(OSError):
            while time.monotonic() - began < 5:
                connection.sendall(b"a")
                time.sleep(0.05)
        assert time.monotonic() - began < 2.5


def test_threat_17_the_second_head_of_a_connection_is_bounded_too(town: Catalogue) -> None:
    with _quick(town, 0.6) as place, socket.create_connection(place) as connection:
        connection.sendall(b"GET /conformance HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.2)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /conformance HTTP/1.1\r\nHo")
        assert b" 408 " in _ended(connection)


def test_threat_17_honest_requests_are_not_cut_off(town: Catalogue) -> None:
    """An answer, or a body, may take longer than a head."""
    with _quick(town, 0.3) as place, socket.create_connection(place) as connection:
        head = b"POST /processes/layers/execution HTTP/1.1\r\nHost: localhost\r\n"
        connection.sendall(head + b"Content-Type: application/json\r\nContent-Length: 14\r\n\r\n")
        time.sleep(0.8)
        connection.sendall(b'{"inputs": {}}')
        connection.settimeout(20)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        time.sleep(0.6)  # idle between requests: uvicorn's own limit is 5 s
        connection.sendall(b"GET /conformance HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while b"HTTP/1.1 200" not in answer:
            part = connection.recv(65536)
            assert part, "the connection was ended"
            answer += part


def test_threat_17_a_head_without_end_is_431(town: Catalogue) -> None:
    with _quick(town, 5) as place, socket.create_connection(place) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        answer = b""
        sent = 0
        with suppress(OSError):  # ended while more is being sent
            while sent < 2_000_000:
                sent += connection.send(b"X-%d: %s\r\n" % (sent, b"a" * 1000))
                time.sleep(0.001)
            answer = _ended(connection)
        assert answer or sent < 2_000_000
        assert not answer or b" 431 " in answer
        with socket.create_connection(place) as other:
            other.sendall(b"GET /conformance HTTP/1.1\r\nHost: localhost\r\n\r\n")
            other.settimeout(5)
            assert other.recv(100).startswith(b"HTTP/1.1 200")


def test_a_proxy_that_is_trusted_says_scheme_and_path(town_dir: Path, tmp_path: Path) -> None:
    file, log = tmp_path / "keys.json", tmp_path / "log"
    secret = KeyFile(file).add("anna", "viewer")
    own = {"GEOPLAN_KEYS": str(file), "GEOPLAN_HOSTS": "plan.example.org",
           "GEOPLAN_TRUSTED_PROXIES": "127.0.0.1", "GEOPLAN_ROOT_PATH": "/plan"}  # fmt: skip
    sent = {"X-API-Key": secret, "Host": "plan.example.org", "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "203.0.113.7"}  # fmt: skip
    with _serving(town_dir, log, **own) as (_, url), httpx.Client(headers=sent) as client:
        landing = client.get(f"{url}/").json()
        hrefs = {link["href"] for link in landing["links"]}
        assert "https://plan.example.org/plan/collections" in hrefs
        assert all(one.startswith("https://plan.example.org/plan/") for one in hrefs)
        page = client.get(f"{url}/collections/highways/items?limit=1").json()
        (following,) = [link["href"] for link in page["links"] if link["rel"] == "next"]
        assert following.startswith("https://plan.example.org/plan/collections/highways/items?")
        slash = client.get(f"{url}/collections/")
        assert slash.headers["location"] == "https://plan.example.org/plan/collections"
        assert client.get(f"{url}/nothing").status_code == 404
        keyless = {"X-API-Key": "", "Host": "plan.example.org"}
        assert client.get(f"{url}/health", headers=keyless).status_code == 200
        assert client.get(f"{url}/", headers={"Host": "evil.example"}).status_code == 421


def test_what_a_proxy_says_is_not_believed_of_others(serve: Any, town: Catalogue) -> None:
    url = serve(create_app(town, Settings()))
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    links = httpx.get(url + "/", headers=said).json()["links"]
    assert all(link["href"].startswith(url) for link in links)


def test_stopping_lets_requests_end(town_dir: Path, tmp_path: Path) -> None:
    with _serving(town_dir, tmp_path / "log") as (process, url):
        with ThreadPoolExecutor(1) as pool:
            # the first run imports geopandas: it takes long enough to be stopped in
            body: dict[str, Any] = {"inputs": {}}
            path = f"{url}/processes/overlap/execution"
            running = pool.submit(lambda: httpx.post(path, json=body, timeout=30))
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            assert running.result().status_code == 200
        process.wait(timeout=20)
        assert process.returncode in (0, -signal.SIGTERM)
