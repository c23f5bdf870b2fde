"""The planner's map: one sealed HTML file that opens without a network, and a Folium layer."""

from geoplan.webmap.content import MapContent, MapLayer, OnlineBasemap, Picture
from geoplan.webmap.frame import Frame
from geoplan.webmap.page import planner_page
from geoplan.webmap.plan_layer import PlanLayer

__all__ = [
    "Frame",
    "MapContent",
    "MapLayer",
    "OnlineBasemap",
    "Picture",
    "PlanLayer",
    "planner_page",
]
