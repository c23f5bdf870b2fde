"""Map sheets for documents: one plan as SVG, PNG or PDF, to a stated scale on paper."""

from geoplan.figure.bare import BareSpec, bare_map
from geoplan.figure.output import pdf_of, to_pdf, to_png
from geoplan.figure.prepared import Prepared, prepare
from geoplan.figure.sheet import conflict_sheets, sheet
from geoplan.figure.spec import (
    PAPERS,
    SHEETS,
    TEXT_COLUMN_MM,
    LabelBox,
    Sheet,
    SheetName,
    SheetSpec,
)
from geoplan.figure.underlay import Underlay

__all__ = [
    "PAPERS",
    "SHEETS",
    "TEXT_COLUMN_MM",
    "BareSpec",
    "LabelBox",
    "Prepared",
    "Sheet",
    "SheetName",
    "SheetSpec",
    "Underlay",
    "bare_map",
    "conflict_sheets",
    "pdf_of",
    "prepare",
    "sheet",
    "to_pdf",
    "to_png",
]
