"""How a check came about: what was used, and the code of the report."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd

import geoplan
from geoplan.reading import file_state
from geoplan.rules.decisions import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from geoplan.catalogue import Catalogue
    from geoplan.rules.pack import RulePack
    from geoplan.rules.sources import Source
    from geoplan.store.decisions import Decision

EXPIRY_DAYS = 90
"""How long a report stands before it should be run again: laws and plans change."""


@dataclass(frozen=True)
class Record:
    """How a check came about.

    Attributes
    ----------
    code : str
        Of the report: the same for the same rules, layers, decisions and software.
    time, expires : datetime
        When it was run, and until when it should be relied on.
    on : date, optional
        The day whose law was asked.
    packs : dict of str to str
        Id and version of each pack → sha256.
    layers : dict of str to str
        Layer id → sha256 of its file, or of the candidate's features.
    left : dict of str to str
        Rules that were not in force on the day → why.
    unbound : tuple of str
        Rules whose subjects the plan has no layer of.
    planes : tuple of str
        The planes that were measured in.
    decisions : str, optional
        sha256 of the decisions that count; None where there are none.
    """

    code: str
    software: str
    time: datetime
    expires: datetime
    on: date | None
    packs: dict[str, str]
    layers: dict[str, str]
    left: dict[str, str]
    unbound: tuple[str, ...]
    planes: tuple[str, ...]
    decisions: str | None


def recorded(
    catalogue: Catalogue,
    sources: Mapping[str, Source],
    packs: Sequence[RulePack],
    on: date | None,
    unbound: tuple[str, ...],
    planes: tuple[str, ...],
    decisions: Sequence[Decision] = (),
) -> Record:
    """Return the record of a check by the layers, packs and decisions that it used."""
    named = {f"{pack.id} {pack.version}": pack.sha256 for pack in packs}
    layers = {name: _sha256(catalogue, source) for name, source in sorted(sources.items())}
    software = f"geoplan {geoplan.__version__}"
    decided = sha256_of(decisions) if decisions else None
    used = (software, sorted(named.items()), sorted(layers.items()), str(on))
    # without decisions a report keeps the code that it had before there were any
    digest = hashlib.sha256(repr(used if decided is None else (*used, decided)).encode())
    now = datetime.now(tz=UTC)
    return Record(
        code=f"GP-{digest.hexdigest()[:12].upper()}",
        software=software,
        time=now,
        expires=now + timedelta(days=EXPIRY_DAYS),
        on=on,
        packs=named,
        layers=layers,
        left={rule: why for pack in packs for rule, why in pack.left.items()},
        unbound=unbound,
        planes=planes,
        decisions=decided,
    )


def _sha256(catalogue: Catalogue, source: Source) -> str:
    if source.layer.id in catalogue:
        return _file_sha256(*file_state(catalogue, source.layer))
    digest = hashlib.sha256()
    digest.update(pd.util.hash_pandas_object(source.attributes.astype(str)).to_numpy().tobytes())
    digest.update(b"".join(source.features.geometry.to_wkb().fillna(b"")))
    return digest.hexdigest()


@lru_cache(maxsize=256)
def _file_sha256(path: Path, _state: Any) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
