"""What several commands share: their options, and the settings behind them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from geoplan.model import Lang
    from geoplan.settings import Settings

PlanDir = Annotated[
    Path | None,
    typer.Option("--plan", help="Folder with catalogue.toml. [layers]", show_default=False),
]
Layers = Annotated[
    list[str] | None,
    typer.Option("--layer", help="Layer id; may be given again.", show_default=False),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Write to FILE.gpkg, FILE.geojson or FILE.csv."),
]
Language = Annotated[str | None, typer.Option("--lang", help="zh or en. [zh]", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def settings() -> Settings:
    """Return the settings of this run; one that cannot be read is named."""
    from pydantic import ValidationError

    from geoplan.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"GEOPLAN_{first['loc'][0]}".upper()
        raise typer.BadParameter(
            f"{first['msg']}; got {first['input']!r}", param_hint=name
        ) from None


def language(lang: str | None) -> Lang:
    """Return the language asked for, that of the settings where none is."""
    match lang or settings().lang:
        case "zh":
            return "zh"
        case "en":
            return "en"
    raise typer.BadParameter(f"{lang!r} is not a language here: zh or en", param_hint="--lang")
