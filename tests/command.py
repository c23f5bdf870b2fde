"""Run the command line in processes of its own that begin where its imports are done.

A new interpreter takes longer to load pandas than most commands take to answer. These processes
are forked from one that has loaded it: they have a process's exit code, environment, folder and
streams all the same. What concerns the start of the interpreter is tested with real ones.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from subprocess import CompletedProcess

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["geoplan.cli", "geoplan.processes", "geoplan.export", "pyogrio"])
TIMEOUT_S = 120


def geoplan(
    *arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> CompletedProcess[str]:
    """Run the command line with no setting from outside but those in ``env``."""
    words = [str(one) for one in arguments]
    outside = {key: value for key, value in os.environ.items() if not key.startswith("GEOPLAN_")}
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("stdout", "stderr")]
        work = (words, cwd or Path.cwd(), outside | (env or {}), streams)
        process = _FORKS.Process(target=_run, args=work)
        process.start()
        process.join(TIMEOUT_S)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"geoplan {' '.join(words)} took more than {TIMEOUT_S} s")
        told = [path.read_bytes().decode("utf-8") for path in streams]
        return CompletedProcess(words, process.exitcode, *told)


def printed(*arguments: str | Path, env: dict[str, str] | None = None) -> str:
    """Return what a command prints, which must succeed."""
    answer = geoplan(*arguments, env=env)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def _run(words: list[str], cwd: Path, env: dict[str, str], streams: list[Path]) -> None:
    for number, path in enumerate(streams, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    # they live as long as the process
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["geoplan", *words]
    from geoplan.cli import main

    main()
