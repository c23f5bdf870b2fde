"""The planner's map: one sealed HTML file that opens without a network."""

from geoplan.webmap.content import MapContent, MapLayer
from geoplan.webmap.page import planner_page

__all__ = ["MapContent", "MapLayer", "planner_page"]
