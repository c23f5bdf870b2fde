"""Starts servers that edit, each a process of its own, forked from one that has all imports.

Asked on standard input with the folder of a plan a line; answers ``pid port``. Ends when its input
does; the servers are killed, or stopped by SIGINT, by whoever asked for them.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import uvicorn
from geoplan_api import create_app
from geoplan_api.references import CRS84, reference
from geoplan_api.server import listen, server_config
from geoplan_api.ways import way
from pyproj import CRS

from geoplan import Catalogue
from geoplan.settings import Settings

URI = "http://www.opengis.net/def/crs/EPSG/0/4550"


def serve(plan: Path, told: int) -> None:
    app = create_app(Catalogue.open(plan), Settings(plan=plan, editing=True))
    with listen("127.0.0.1", 0) as listener:
        os.write(told, f"{listener.getsockname()[1]}\n".encode())
        os.close(told)
        uvicorn.Server(server_config(app, "critical")).run(sockets=[listener])


def main() -> None:
    for uri in (CRS84, URI):  # PROJ takes half a second to find each way; servers inherit them
        way(CRS.from_epsg(4550), reference(uri))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that are killed
    for line in sys.stdin:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(reading)
            try:
                serve(Path(line.strip()), writing)
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            port = answer.readline().strip()
        sys.stdout.write(f"{pid} {port}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
