"""The planner's map: one sealed HTML file that opens without a network."""

from geoplan.webmap.content import MapContent, MapLayer, OnlineBasemap, Picture
from geoplan.webmap.frame import Frame
from geoplan.webmap.page import planner_page

__all__ = ["Frame", "MapContent", "MapLayer", "OnlineBasemap", "Picture", "planner_page"]
