"""What a feature must be before it is stored: GeoJSON judged by the layer's table and schema."""

from geoplan.editing.draft import Rules, draft_of, merged

__all__ = ["Rules", "draft_of", "merged"]
