"""Jobs: accepted, worked on, done, dismissed, kept over a restart, failed with a reason."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from geoplan_api import create_app
from geoplan_api.work.jobs import STOPPED, Jobs
from owslib.ogcapi.processes import Processes

from geoplan import Catalogue
from geoplan.settings import Settings
from tests.service.conftest import Serve

ASYNC = {"Prefer": "respond-async"}
PAUSE: dict[str, Any] = {"pause_s": 60.0}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs") / "not" / "yet"


@pytest.fixture(scope="module")
def desk(serve: Serve, town: Catalogue, kept: Path) -> Iterator[httpx.Client]:
    """Return a service with the echo, one process for requests and one for jobs."""
    settings = Settings(
        echo=True, jobs=kept, compute_processes=1, compute_queue=1, job_queue=5, compute_seconds=30
    )
    with httpx.Client(base_url=serve(create_app(town, settings)), timeout=60) as client:
        yield client


def start(desk: httpx.Client, process: str = "echo", **inputs: Any) -> str:
    answer = desk.post(f"/processes/{process}/execution", json={"inputs": inputs}, headers=ASYNC)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["jobID"])


def wait(desk: httpx.Client, job: str, *states: str, seconds: float = 30) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        told = dict(desk.get(f"/jobs/{job}").json())
        if told["status"] in states:
            return told
        time.sleep(0.05)
    raise AssertionError(f"the job is {told['status']}, none of {states}")


def workers() -> set[int]:
    """Return the processes that work for this one."""
    found = set()
    for listed in Path("/proc/self/task").glob("*/children"):
        for pid in listed.read_text().split():
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"geoplan.workers" in words:
                found.add(int(pid))
    return found


def test_a_job_gives_what_a_run_gives(desk: httpx.Client) -> None:
    answer = desk.post("/processes/overlap/execution", json={}, headers=ASYNC)
    assert answer.status_code == 201
    assert answer.headers["preference-applied"] == "respond-async"
    told = answer.json()
    assert answer.headers["location"] == str(desk.base_url.join(f"/jobs/{told['jobID']}"))
    assert (told["processID"], told["type"], told["progress"]) == ("overlap", "process", 0)
    assert told["status"] in ("accepted", "running")
    done = wait(desk, told["jobID"], "successful")
    assert done["progress"] == 100
    assert done["created"] <= done["started"] <= done["finished"]
    (link,) = [one for one in done["links"] if one["rel"].endswith("/results")]
    result = desk.get(link["href"])
    assert result.headers["content-type"] == link["type"] == "application/json"
    run = desk.post("/processes/overlap/execution", json={}).json()
    got = result.json()
    assert got["features"] == run["features"]
    assert len(got["features"]) == 18
    # asked again, it is still there
    assert desk.get(link["href"]).content == result.content


def test_a_job_keeps_the_form_that_was_asked_for(desk: httpx.Client) -> None:
    csv = ASYNC | {"Accept": "text/csv"}
    job = desk.post("/processes/coverage/execution", json={}, headers=csv).json()["jobID"]
    wait(desk, job, "successful")
    result = desk.get(f"/jobs/{job}/results")
    assert result.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="coverage.csv"' in result.headers["content-disposition"]
    # the town has one feature without a position, named by the answer as JSON
    assert result.headers["geoplan-left-out"] == "1"
    assert "湖畔绿道" in result.text
    asked = {"response": "document", "inputs": {"text": "山"}}
    job = desk.post("/processes/echo/execution", json=asked, headers=ASYNC).json()["jobID"]
    wait(desk, job, "successful")
    assert desk.get(f"/jobs/{job}/results").json()["result"]["text"] == "山"


def test_progress_is_told_and_the_result_is_not_ready(desk: httpx.Client) -> None:
    job = start(desk, pause_s=3.0)
    told = wait(desk, job, "running")
    answer = desk.get(f"/jobs/{job}/results")
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("/result-not-ready")
    seen = set()
    while told["status"] == "running":
        seen.add(told["progress"])
        time.sleep(0.1)
        told = desk.get(f"/jobs/{job}").json()
    assert len(seen) >= 4
    assert max(seen) < 100
    assert sorted(seen) == [one for one in sorted(seen) if 0 <= one <= 99]
    assert told["status"] == "successful"


def test_a_dismissed_job_is_stopped_within_a_second(desk: httpx.Client) -> None:
    before = workers()
    job = start(desk, **PAUSE)
    wait(desk, job, "running")
    busy = workers() - before or before
    answer = desk.delete(f"/jobs/{job}")
    assert (answer.status_code, answer.json()["status"]) == (200, "dismissed")
    began = time.monotonic()
    while busy <= workers() and time.monotonic() - began < 5:
        time.sleep(0.02)
    assert time.monotonic() - began < 1.5
    assert desk.get(f"/jobs/{job}").json()["status"] == "dismissed"
    assert desk.get(f"/jobs/{job}/results").status_code == 404
    # the next one finds room
    wait(desk, start(desk, text="next"), "successful")
    # dismissed again it is gone
    assert desk.delete(f"/jobs/{job}").status_code == 200
    gone = desk.get(f"/jobs/{job}")
    assert gone.status_code == 404
    assert gone.json()["type"].endswith("/no-such-job")


def test_a_job_that_fails_says_why(desk: httpx.Client) -> None:
    job = start(desk, "overlap", layers=["nowhere"])
    told = wait(desk, job, "failed")
    assert "no layer 'nowhere'" in told["message"]
    answer = desk.get(f"/jobs/{job}/results")
    assert answer.status_code == 422
    assert answer.json()["pointer"] == "/inputs/layers/0"


def test_a_worker_that_is_killed_fails_its_job(desk: httpx.Client) -> None:
    before = workers()
    job = start(desk, **PAUSE)
    wait(desk, job, "running")
    for pid in (workers() - before) or workers():
        os.kill(pid, signal.SIGKILL)
    told = wait(desk, job, "failed")
    assert "died (SIGKILL)" in told["message"]
    wait(desk, start(desk), "successful")


def test_more_jobs_than_may_wait_are_refused(desk: httpx.Client) -> None:
    jobs = [start(desk, **PAUSE)]
    wait(desk, jobs[0], "running")
    jobs += [start(desk, **PAUSE) for _ in range(5)]
    answer = desk.post("/processes/echo/execution", json={}, headers=ASYNC)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    for job in reversed(jobs):
        assert desk.delete(f"/jobs/{job}").json()["status"] == "dismissed"
    until = time.monotonic() + 1  # then those that waited have left
    while (
        answer := desk.post("/processes/echo/execution", json={}, headers=ASYNC)
    ).status_code == 503:
        assert time.monotonic() < until
        time.sleep(0.02)
    wait(desk, answer.json()["jobID"], "successful")


def test_jobs_are_listed_and_chosen(desk: httpx.Client) -> None:
    one, two = start(desk, text="a"), start(desk, "layers")
    failed = start(desk, "overlap", layers=["nowhere"])
    for job in (one, two, failed):
        wait(desk, job, "successful", "failed")

    def ids(**asked: Any) -> list[str]:
        return [job["jobID"] for job in desk.get("/jobs", params=asked).json()["jobs"]]

    assert ids(limit=3) == [failed, two, one]
    assert ids(limit=1, processID="layers") == [two]
    assert failed in ids(status="failed")
    assert not {one, two} & set(ids(status="failed,running"))
    assert ids(type="process", limit=1) == [failed]
    created = desk.get(f"/jobs/{two}").json()["created"]
    assert ids(datetime=created) == [two]
    assert ids(datetime="../2020-01-01") == []
    assert ids(minDuration="3600") == []
    assert one in ids(maxDuration="60")
    matched = desk.get("/jobs", params={"limit": 1}).json()["numberMatched"]
    assert matched == len(ids(limit=1000))
    for wrong in ({"status": "done"}, {"limit": "0"}, {"minDuration": "x"}, {"colour": "red"}):
        assert desk.get("/jobs", params=wrong).status_code == 400, wrong


def test_what_is_no_job_is_not_found(desk: httpx.Client, kept: Path) -> None:
    (kept / "secret").mkdir()
    for path in ("none", "0" * 32, "..%2Fsecret", "secret", "%00"):
        for method in ("GET", "DELETE"):
            answer = desk.request(method, f"/jobs/{path}")
            assert answer.status_code == 404, path
    assert (kept / "secret").is_dir()


def test_jobs_stand_in_files_of_this_user_alone(desk: httpx.Client, kept: Path) -> None:
    job = start(desk, text="mine")
    wait(desk, job, "successful")
    assert (kept / job).stat().st_mode & 0o777 == 0o700
    assert json.loads((kept / job / "status.json").read_text())["status"] == "successful"


def test_jobs_of_old_are_forgotten(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, days=1e-6)
    first = jobs.add("layers", "me")
    jobs.finish(first.id, "successful", {"media_type": "x", "name": None}, "")
    still = jobs.add("layers", "me")  # an open one stays, however old
    time.sleep(0.2)
    last = jobs.add("layers", "me")
    assert [job.id for job in jobs.every()] == [last.id, still.id]


def test_owslib_runs_a_process_and_sees_it_done(desk: httpx.Client) -> None:
    service = Processes(str(desk.base_url))
    assert {"overlap", "echo"} <= {one["id"] for one in service.processes()}
    assert service.process("echo")["outputs"]["result"]["schema"]["type"] == "object"
    answer = service.execute("echo", inputs={"number": 4.5})
    assert answer["result"]["number"] == 4.5


@pytest.fixture
def port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def served(town_dir: Path, port: int, jobs: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "geoplan.cli", "serve", "--plan", town_dir, "--port", str(port)],
        env=os.environ | {"GEOPLAN_JOBS": str(jobs), "GEOPLAN_ECHO": "true"},
        stderr=subprocess.DEVNULL,
    )
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/conformance", timeout=5)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    raise AssertionError("the service did not start")


def test_jobs_outlive_a_kill_of_the_service(town_dir: Path, tmp_path: Path, port: int) -> None:
    process = served(town_dir, port, tmp_path / "jobs")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        done, half = start(client, text="kept"), start(client, **PAUSE)
        wait(client, done, "successful")
        wait(client, half, "running")
    process.send_signal(signal.SIGKILL)
    process.wait()
    process = served(town_dir, port, tmp_path / "jobs")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        assert client.get(f"/jobs/{done}/results").json()["text"] == "kept"
        told = client.get(f"/jobs/{half}").json()
        assert (told["status"], told["message"]) == ("failed", STOPPED)
        assert client.get(f"/jobs/{half}/results").status_code == 500
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
