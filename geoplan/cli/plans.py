"""The commands on a plan as a whole: ``layers``, ``build``, ``serve``, ``quality``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoplan.cli.foreign import show_provenance
from geoplan.cli.options import AsJson, Language, Layers, Output, PlanDir, language, settings
from geoplan.cli.progress import showing
from geoplan.cli.running import FAIL_ON_MET, run
from geoplan.cli.showing import show

if TYPE_CHECKING:
    from geoplan.model import Result


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(layers)
    app.command()(build)
    app.command()(serve)
    app.command()(quality)


def layers(
    names: Annotated[list[str] | None, typer.Argument(help="Layer ids, with provenance.")] = None,
    plan: PlanDir = None,
    layer: Layers = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """图层清单 · List the layers of a plan; of one NAME, also where it comes from."""
    result = run("layers", plan, layers=(*(names or ()), *(layer or ())))
    show(result, lang, output, as_json=as_json)
    if names and not as_json:
        show_provenance(plan or settings().plan, names)


def build(plan: PlanDir = None, lang: Language = None) -> None:
    """构建图层 · Build the GeoPackages of a plan from their text sources."""
    from geoplan.authoring import build_plan
    from geoplan.i18n import phrase

    chosen = language(lang)
    for report in build_plan(plan or settings().plan):
        key = "cli.layer_built" if report.built else "cli.layer_unchanged"
        typer.echo(phrase(key, chosen, layer=report.layer, count=report.features))


def serve(
    plan: PlanDir = None,
    host: Annotated[
        str | None,
        typer.Option(help="Another than this machine needs keys. [127.0.0.1]", show_default=False),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="[8000]", show_default=False)
    ] = None,
    edit: Annotated[
        bool, typer.Option("--edit", help="Let features be added, changed and deleted.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes that answer. [1]", show_default=False),
    ] = None,
) -> None:
    """服务 · Serve a plan over HTTP: browser, QGIS, GDAL, curl; to others with keys."""
    from importlib import import_module

    given = {"plan": plan, "host": host, "port": port, "editing": edit or None, "workers": workers}
    chosen = {name: value for name, value in given.items() if value is not None}
    # by name, at call time: the library never imports the service
    import_module("geoplan_api.server").serve(settings().model_copy(update=chosen))


def quality(
    layer: Annotated[list[str] | None, typer.Argument(help="Layer ids; none means all.")] = None,
    plan: PlanDir = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
    fail_on: Annotated[
        str | None, typer.Option(help="'error' or 'warning': exit 1 when there is one, or worse.")
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write one layer, repaired, to -o FILE.gpkg instead.")
    ] = False,
    make_valid: Annotated[
        bool, typer.Option("--make-valid", help="With --fix: mend invalid geometries too.")
    ] = False,
) -> None:
    """质量检查 · What is wrong, doubtful or not published in layers, under named codes."""
    if fail_on not in (None, "error", "warning"):
        raise typer.BadParameter(f"{fail_on!r}; known: error, warning", param_hint="--fail-on")
    if make_valid and not fix:
        raise typer.BadParameter("it is a way to --fix", param_hint="--make-valid")
    with showing(language(lang)) as progress:
        result = run("quality", plan, progress, layers=layer or ())
    show(result, lang, None if fix else output, as_json=as_json)
    _sum_up(result, lang)
    if fix:
        _fix(result, plan, output, lang, make_valid=make_valid)
    if result.totals["error"] or (fail_on == "warning" and result.totals["warning"]):
        raise typer.Exit(FAIL_ON_MET if fail_on else 0)


def _sum_up(result: Result, lang: str | None) -> None:
    from geoplan.i18n import phrase

    totals = {name: int(number) for name, number in result.totals.items()}
    typer.echo(phrase("quality.summary", language(lang), **totals), err=True)


def _fix(
    result: Result, plan: Path | None, output: Path | None, lang: str | None, *, make_valid: bool
) -> None:
    from geoplan.catalogue import Catalogue
    from geoplan.i18n import phrase
    from geoplan.reviewing import write_repaired

    if output is None or len(result.sources) != 1:
        raise typer.BadParameter("name one layer and -o FILE.gpkg", param_hint="--fix")
    catalogue = Catalogue.open(plan or settings().plan)
    with showing(language(lang)) as progress:
        made = write_repaired(
            catalogue, result.sources[0], output, make_valid=make_valid, progress=progress
        )
    typer.echo(phrase("quality.fixed", language(lang), path=output, count=made), err=True)
