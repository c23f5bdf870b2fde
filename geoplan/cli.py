"""The command line: a command is a process. The only room that prints.

Exit codes: 0 done, 1 a ``--fail-on`` condition holds, 2 the question is wrong, 3 the data are
at fault, 4 the machine does not give what is needed.
"""

from __future__ import annotations

import json
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoplan.cli_foreign import register, show_provenance
from geoplan.cli_progress import showing
from geoplan.errors import BadData, BadEnvironment, BadRequest, GeoplanError

if TYPE_CHECKING:
    from geoplan.model import Lang, Result
    from geoplan.progress import Progress
    from geoplan.settings import Settings

FAIL_ON_MET = 1
WHOLE = 1e-9
"""What a zone may lack of full coverage and still count as covered whole [share]."""

EXIT_CODES: dict[type[GeoplanError], int] = {BadRequest: 2, BadData: 3, BadEnvironment: 4}
"""Class of error → exit code; a subclass takes the code of its nearest parent here."""

app = typer.Typer(
    name="geoplan",
    help="规划图层的叠加与覆盖分析、离线地图。"
    "Planning layers: overlaps, coverage, a map that opens anywhere.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # else "[m²]" in a help text is taken for markup and vanishes
)
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


@app.command()
def layers(
    names: Annotated[list[str] | None, typer.Argument(help="Layer ids, with provenance.")] = None,
    plan: PlanDir = None,
    layer: Layers = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """图层清单 · List the layers of a plan; of one NAME, also where it comes from."""
    result = _run("layers", plan, layers=(*(names or ()), *(layer or ())))
    _show(result, lang, output, as_json=as_json)
    if names and not as_json:
        show_provenance(plan or _settings().plan, names)


@app.command()
def overlap(
    plan: PlanDir = None,
    layer: Layers = None,
    min_area_m2: Annotated[float, typer.Option(help="Drop smaller shared areas [m²].")] = 0.0,
    min_length_m: Annotated[float, typer.Option(help="Drop shorter shared lengths [m].")] = 0.0,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="'overlap': exit 1 when anything overlaps or could not be measured; "
            "'overlap-found': only when something overlaps."
        ),
    ] = None,
) -> None:
    """叠加分析 · Where layers coincide: --layer A --layer B, one against all, or all pairs."""
    _refuse_unknown_condition(fail_on, "overlap", "overlap-found")
    result = _run(
        "overlap",
        plan,
        layers=layer or (),
        min_area_m2=min_area_m2,
        min_length_m=min_length_m,
    )
    _show(result, lang, output, as_json=as_json)
    if fail_on and (len(result.features) or _unmeasured(result, fail_on, "overlap")):
        raise typer.Exit(FAIL_ON_MET)


@app.command()
def coverage(
    plan: PlanDir = None,
    layer: Layers = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="Covering layer; may be given again.")
    ] = None,
    output: Output = None,
    lang: Language = None,
    as_json: AsJson = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="'gap': exit 1 when a zone is not covered whole or could not be measured; "
            "'gap-found': only when one is known not to be."
        ),
    ] = None,
) -> None:
    """覆盖率 · How much of each feature of --layer the union of the --by layers covers."""
    _refuse_unknown_condition(fail_on, "gap", "gap-found")
    result = _run("coverage", plan, layers=layer or (), by=by or ())
    _show(result, lang, output, as_json=as_json)
    # rounding leaves gaps of a millionth of a square metre where two covers meet on a slant
    gaps = (result.features["coverage_ratio"] < 1.0 - WHOLE).any()
    if fail_on and (gaps or _unmeasured(result, fail_on, "gap")):
        raise typer.Exit(FAIL_ON_MET)


@app.command("map")
def map_(
    output: Annotated[Path, typer.Option("-o", "--output", help="Write to FILE.html.")],
    plan: PlanDir = None,
    layer: Layers = None,
    lang: Language = None,
) -> None:
    """离线地图 · Write a map as one HTML file that opens without a network."""
    from geoplan.export import write_text
    from geoplan.i18n import phrase

    chosen = _language(lang)
    if output.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"{output.name}: a map is an .html file", param_hint="-o")
    document = _run("map", plan, layers=layer or (), lang=chosen)
    write_text(output, document.content)
    typer.echo(phrase("cli.map_written", chosen, path=output, megabytes=_megabytes(output)))


@app.command()
def build(plan: PlanDir = None, lang: Language = None) -> None:
    """构建图层 · Build the GeoPackages of a plan from their text sources."""
    from geoplan.authoring import build_plan
    from geoplan.i18n import phrase

    chosen = _language(lang)
    for report in build_plan(plan or _settings().plan):
        key = "cli.layer_built" if report.built else "cli.layer_unchanged"
        typer.echo(phrase(key, chosen, layer=report.layer, count=report.features))


@app.command()
def serve(
    plan: PlanDir = None,
    host: Annotated[
        str | None, typer.Option(help="This machine only. [127.0.0.1]", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="[8000]", show_default=False)
    ] = None,
) -> None:
    """服务 · Serve a plan over HTTP to this machine: browser, QGIS, GDAL, curl."""
    from importlib import import_module

    settings = _settings()
    # by name, at call time: the library never imports the service
    import_module("geoplan_api.server").serve(
        plan or settings.plan,
        settings.host if host is None else host,
        settings.port if port is None else port,
    )


@app.command()
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
    with showing(_language(lang)) as progress:
        result = _run("quality", plan, progress, layers=layer or ())
    _show(result, lang, None if fix else output, as_json=as_json)
    _sum_up(result, lang)
    if fix:
        _fix(result, plan, output, lang, make_valid=make_valid)
    if result.totals["error"] or (fail_on == "warning" and result.totals["warning"]):
        raise typer.Exit(FAIL_ON_MET if fail_on else 0)


register(app)


def main() -> None:
    """Run the command line; an error of geoplan becomes one line and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # a terminal that cannot show 公顷 or m² shows a question mark, not a traceback
            stream.reconfigure(errors="replace")
    try:
        app()
    except GeoplanError as error:
        sys.stderr.write(f"geoplan: {type(error).__name__}: {error}\n")
        raise SystemExit(exit_code(error)) from None


def exit_code(error: GeoplanError) -> int:
    """Return the exit code of an error: that of its nearest ancestor in `EXIT_CODES`."""
    return next(EXIT_CODES[cls] for cls in type(error).__mro__ if cls in EXIT_CODES)


def _settings() -> Settings:
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


def _language(lang: str | None) -> Lang:
    match lang or _settings().lang:
        case "zh":
            return "zh"
        case "en":
            return "en"
    raise typer.BadParameter(f"{lang!r} is not a language here: zh or en", param_hint="--lang")


def _refuse_unknown_condition(fail_on: str | None, *known: str) -> None:
    if fail_on not in (None, *known):
        raise typer.BadParameter(f"{fail_on!r}; known: {', '.join(known)}", param_hint="--fail-on")


def _unmeasured(result: Result, condition: str, strict: str) -> bool:
    """Tell whether a strict condition holds because something could not be measured."""
    return condition == strict and any(item.reason != "below_minimum" for item in result.left_out)


def _run(
    process_id: str, plan: Path | None, progress: Progress | None = None, **inputs: Any
) -> Any:
    from pydantic import ValidationError

    from geoplan.catalogue import Catalogue
    from geoplan.processes import PROCESSES

    process = PROCESSES[process_id]
    try:
        checked = process.inputs.model_validate(inputs)
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(
            f"{first['msg']}; got {first['input']!r}", param_hint=str(first["loc"][0])
        ) from None
    told = {} if progress is None else {"progress": progress}
    return process.run(Catalogue.open(plan or _settings().plan), checked, **told)


def _show(result: Result, lang: str | None, output: Path | None, *, as_json: bool) -> None:
    from geoplan.export import result_document, write_result
    from geoplan.i18n import phrase

    chosen = _language(lang)
    if output is not None:
        write_result(result, output)
    if as_json:
        typer.echo(json.dumps(result_document(result), ensure_ascii=False))
        return
    _print_table(result, chosen)
    for item in result.left_out:
        layers_in_words = " × ".join(item.layers)
        note = phrase(f"left_out.{item.reason}", chosen, layers=layers_in_words, count=item.count)
        typer.echo(note, err=True)
    if output is not None:
        typer.echo(phrase("cli.written", chosen, path=output, count=len(result.features)), err=True)


def _sum_up(result: Result, lang: str | None) -> None:
    from geoplan.i18n import phrase

    totals = {name: int(number) for name, number in result.totals.items()}
    typer.echo(phrase("quality.summary", _language(lang), **totals), err=True)


def _fix(
    result: Result, plan: Path | None, output: Path | None, lang: str | None, *, make_valid: bool
) -> None:
    from geoplan.catalogue import Catalogue
    from geoplan.i18n import phrase
    from geoplan.reviewing import write_repaired

    if output is None or len(result.sources) != 1:
        raise typer.BadParameter("name one layer and -o FILE.gpkg", param_hint="--fix")
    catalogue = Catalogue.open(plan or _settings().plan)
    made = write_repaired(catalogue, result.sources[0], output, make_valid=make_valid)
    typer.echo(phrase("quality.fixed", _language(lang), path=output, count=made), err=True)


def _print_table(result: Result, lang: Lang) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from geoplan.i18n import phrases

    words = phrases(lang)
    shown = _columns_in(result, lang)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in shown:
        number = result.features[name].dtype.kind in "fi"
        table.add_column(words[f"column.{name}"], justify="right" if number else "left")
    titles = {layer.id: layer.title.to(lang) for layer in result.sources}
    features = result.features
    if "zone_area_m2" in features:  # zones without a position stand in the notes, by layer
        features = features[features["zone_area_m2"].notna()]
    for row in features[shown].itertuples(index=False):
        cells = (_cell(name, value, titles) for name, value in zip(shown, row, strict=True))
        table.add_row(*(Text(_printable(cell)) for cell in cells))
    # a pipe has no width: give the table all it wants rather than cut Chinese names
    width = None if sys.stdout.isatty() else 240
    Console(width=width, highlight=False).print(table)


def _columns_in(result: Result, lang: Lang) -> list[str]:
    """Return the columns to print: names in one language, no geometry, none that is all null."""
    names = [name for name in result.features.columns if name not in ("geometry", "line_means")]
    other = {f"{name}_en" for name in names}
    if lang == "zh":
        names = [name for name in names if name not in other]
    else:
        names = [name for name in names if f"{name}_en" not in names]
    return [
        name for name in names if not len(result.features) or result.features[name].notna().any()
    ]


def _cell(name: str, value: Any, titles: dict[str, str]) -> str:
    if value is None or value != value:
        return "–"
    if name.endswith("_layer") or name == "by":
        return "、".join(titles.get(layer, layer) for layer in value.split(", "))
    if name.endswith("_ratio"):
        return f"{value:.2%}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return str(value)


def _printable(text: str) -> str:
    """Return a value without what would steer the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f}"


if __name__ == "__main__":
    main()
