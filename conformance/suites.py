"""The suites, what each is told of the service, and what it needs to run."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

POM = Path(__file__).with_name("pom.xml")
LEVEL = "13"


class NotToBeHad(Exception):
    """A suite, or something that it needs, cannot be resolved."""


@dataclass(frozen=True)
class Suite:
    """An executable test suite of OGC.

    Attributes
    ----------
    name : str
        Its artifact, also the last part of its package.
    version : str
        The one that is run.
    title : str
        What it tests.
    arguments : callable
        From the address of the service to what the suite is told.
    """

    name: str
    version: str
    title: str
    arguments: Callable[[str], dict[str, str]]

    @property
    def controller(self) -> str:
        """The class that runs it."""
        return (
            f"org.opengis.cite.{self.name.removeprefix('ets-').replace('-', '')}.TestNGController"
        )

    def class_path(self, folder: Path) -> str:
        """Resolve the suite by Maven, from the local repository or from Central.

        Raises
        ------
        NotToBeHad
            It cannot be resolved; the message is Maven's.
        """
        into = folder / f"{self.name}.classpath"
        chosen = [f"-Dsuite={self.name}", f"-Dsuite.version={self.version}"]
        command = ["mvn", "-q", "-B", "-f", str(POM), *chosen, "dependency:build-classpath"]
        answer = subprocess.run(
            [*command, f"-Dmdep.outputFile={into}"], capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            lines = [line for line in answer.stdout.splitlines() if line.startswith("[ERROR]")]
            raise NotToBeHad(lines[0].removeprefix("[ERROR]").strip() if lines else answer.stderr)
        return into.read_text(encoding="utf-8")


def _address(base: str) -> dict[str, str]:
    return {"iut": f"{base}/", "noofcollections": "-1"}


def _tiles(base: str) -> dict[str, str]:
    """Tell the tiles within the limits of the plan on one level, as the service states them."""
    described = httpx.get(f"{base}/tiles/WebMercatorQuad").json()
    (limits,) = (one for one in described["tileMatrixSetLimits"] if one["tileMatrix"] == LEVEL)
    (template,) = (one["href"] for one in described["links"] if one["rel"] == "item")
    return {
        **_address(base),
        "tilematrixsetdefinitionuri": described["tileMatrixSetURI"],
        "urltemplatefortiles": template,
        "tilematrix": LEVEL,
        **{
            name.lower(): str(limits[name])
            for name in ("minTileRow", "maxTileRow", "minTileCol", "maxTileCol")
        },
    }


def _processes(base: str) -> dict[str, str]:
    # the suite joins paths with a slash of its own, and brings the schemas that it would fetch
    told = {"echoprocessid": "echo", "testallprocesses": "true", "uselocalschema": "true"}
    return {"iut": base, **told}


SUITES = (
    Suite("ets-ogcapi-features10", "1.9", "OGC API - Features 1.0, Parts 1 and 2", _address),
    Suite("ets-ogcapi-tiles10", "1.2", "OGC API - Tiles 1.0", _tiles),
    Suite("ets-ogcapi-processes10", "1.3", "OGC API - Processes 1.0", _processes),
)
