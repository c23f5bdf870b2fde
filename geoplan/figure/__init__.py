"""Map sheets for documents: one plan as SVG, PNG or PDF, to a stated scale on paper."""

from geoplan.figure.output import to_pdf, to_png
from geoplan.figure.sheet import sheet
from geoplan.figure.spec import PAPERS, SHEETS, LabelBox, Sheet, SheetSpec

__all__ = ["PAPERS", "SHEETS", "LabelBox", "Sheet", "SheetSpec", "sheet", "to_pdf", "to_png"]
