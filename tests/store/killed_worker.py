"""Kills itself at the n-th statement of an edit; tells how many statements there were."""

from __future__ import annotations

import os
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any

import apsw

from geoplan.model import Layer, Text
from geoplan.store import edit
from geoplan.store.edit import Draft
from geoplan.store.journal import EditedFile


def main() -> None:
    path, at, action = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    title = Text(zh="东西", en="Things")
    layer = Layer(id="things", kind="generic", title=title, geometry="area",
                  id_column="feature_id", source=title, source_date=date(2025, 1, 1))  # fmt: skip
    file = EditedFile(path)
    seen = 0

    def trace(_: Any, __: str, ___: Any) -> bool:
        nonlocal seen
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    def watch(connection: apsw.Connection) -> None:
        connection.exec_trace = trace

    apsw.connection_hooks.append(watch)
    if action == "insert":
        edit.insert(file, layer, Draft({"size": 9}, id="new"), "me")
    else:
        edit.delete(file, layer, "a", "me")
    sys.stdout.write(str(seen))


if __name__ == "__main__":
    main()
