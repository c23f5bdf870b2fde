"""The planner's map: one sealed HTML file that opens without a network, and a Folium layer."""

from geoplan.webmap.content import MapContent, MapLayer
from geoplan.webmap.page import planner_page
from geoplan.webmap.plan_layer import PlanLayer

__all__ = ["MapContent", "MapLayer", "PlanLayer", "planner_page"]
