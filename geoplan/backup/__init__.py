"""A plan kept in one file or folder, and brought back."""

from geoplan.backup.restoring import Restored, restore
from geoplan.backup.saving import Saved, back_up

__all__ = ["Restored", "Saved", "back_up", "restore"]
