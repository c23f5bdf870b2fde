"""A check as a report for reviewers: one list of sections, set as DOCX or as PDF.

A report measures nothing: its figures are those of the check and its tables.
"""

from geoplan.report.content import Draw, Drawing, Limits, ReportContent
from geoplan.report.docx import docx
from geoplan.report.pdf import pdf
from geoplan.report.writing import manuscript

__all__ = ["Draw", "Drawing", "Limits", "ReportContent", "docx", "manuscript", "pdf"]
