"""Sheets of a plan as files: a PDF to print, a PNG for slides that lies where it belongs in GIS."""

from pathlib import Path

from geoplan.figure import to_pdf, to_png
from geoplan.figure.output import size_px
from geoplan.figure.placing import auxiliary, world_file
from geoplan.processes.figure import show

folder = Path("out")
folder.mkdir(exist_ok=True)
sheet = show("../town", lang="en", check=False, scale=25_000)
(folder / "town.pdf").write_bytes(to_pdf(sheet))
(folder / "town.svg").write_text(sheet.svg, encoding="utf-8")
picture = to_png(sheet, width_px=1920)
(folder / "town.png").write_bytes(picture)
(folder / "town.pgw").write_text(world_file(sheet, size_px(picture)))
(folder / "town.png.aux.xml").write_text(auxiliary("EPSG:4550"))
print(f"1:{sheet.scale:,.0f}, {sheet.size_mm[0]:g} x {sheet.size_mm[1]:g} mm")
