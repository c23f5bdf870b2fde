"""The same content by geopandas and matplotlib, as a planner would write it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geoplan.webmap import MapContent

WIDTH, HEIGHT, DPI = 1600, 1200, 120


def draw(content: MapContent, path: Path) -> None:
    """Draw layers, names, findings with numbers, legend and frame, and write a picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams["font.sans-serif"] = ["Noto Sans CJK SC", "Noto Sans CJK JP"]
    figure, axes = plt.subplots(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
    plane = content.plan.measuring_plane
    for one in content.layers:
        symbol = one.symbol
        flat = one.features.to_crs(plane)
        flat = flat[flat.geometry.notna()]
        if not len(flat) or symbol is None:
            continue
        flat.plot(ax=axes, color=symbol.fill, edgecolor=symbol.stroke, alpha=0.7,
                  label=one.layer.title.zh)  # fmt: skip
        if len(flat) <= 250 and one.layer.name_column in flat:
            places = zip(flat.geometry.representative_point(), flat[one.layer.name_column],
                         strict=True)  # fmt: skip
            for at, name in places:
                axes.annotate(str(name)[:18], (at.x, at.y), fontsize=7)
    if content.check is not None:
        found = content.check.features
        found = found[found["outcome"].isin(("hit", "uncertain")) & found.geometry.notna()]
        found = found.to_crs(plane)
        if len(found):
            found.plot(ax=axes, facecolor="none", edgecolor="#B00020", hatch="//")
        for at, name in zip(
            found.geometry.representative_point(), found["finding_id"], strict=True
        ):
            axes.annotate(content.numbers.get(name, ""), (at.x, at.y), fontsize=7, color="#B00020")
    axes.legend(loc="upper right", fontsize=7)
    axes.set_title(content.plan.title.zh)
    figure.savefig(path)
    plt.close(figure)
