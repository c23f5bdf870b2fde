"""The files of a bare shapefile put in their place: all of them, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.errors import NotWritable

if TYPE_CHECKING:
    from pathlib import Path

_MEMBERS = frozenset(
    {
        ".shp", ".shx", ".dbf", ".prj", ".cpg", ".fields.csv",
        # what other programs derive from them, wrong once they change
        ".qix", ".qpj", ".sbn", ".sbx", ".fbn", ".fbx", ".ain", ".aih", ".idm", ".ind", ".cst",
    }
)  # fmt: skip
_SHP = ".shp"


def move(made: Path, output: Path) -> None:
    """Move a shapefile, all files of it, to another place.

    What stands there goes first, its ``.shp`` before the rest, and the new ``.shp`` comes last:
    whoever looks in between finds none rather than one of new and old parts.

    Parameters
    ----------
    made : Path
        Its ``.shp``, in a folder of its own on the same file system.
    output : Path
        Where the ``.shp`` shall be.

    Raises
    ------
    NotWritable
        Parts stand there without a ``.shp``, so they may be another's; or a file cannot be moved.
        What stood there is unchanged.
    """
    new = _files(made)
    old = _files(output)
    if old and _SHP not in old:
        names = ", ".join(sorted(file.name for file in old.values()))
        raise NotWritable(
            f"{output} is not written: {names} would become parts of it and may belong to "
            f"something else: move them away first, or choose another name"
        )
    aside = made.parent / "old"
    aside.mkdir()
    stem = output.name[: -len(_SHP)]
    steps = [(old[ending], aside / old[ending].name) for ending in sorted(old, key=_shp_first)]
    for ending in sorted(new, key=_shp_first, reverse=True):
        name = output.name if ending == _SHP else f"{stem}{ending}"
        steps.append((new[ending], output.with_name(name)))
    _all_or_none(steps)


def _shp_first(ending: str) -> bool:
    return ending != _SHP


def _files(shp: Path) -> dict[str, Path]:
    """Return the files of a shapefile by ending, whatever their case."""
    stem = shp.name[: -len(_SHP)].casefold()
    found = {}
    for file in shp.parent.iterdir():
        ending = file.name.casefold().removeprefix(stem)
        if ending in _MEMBERS and file.name.casefold() == stem + ending:
            found[ending] = file
    return found


def _all_or_none(steps: list[tuple[Path, Path]]) -> None:
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in steps:
            done.append((source, target))
            source.rename(target)
    except BaseException:
        for source, target in reversed(done):
            if target.exists() and not source.exists():
                target.rename(source)
        raise
