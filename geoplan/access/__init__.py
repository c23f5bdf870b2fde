"""Who may ask a service: keys, their roles, and the file that holds them."""

from geoplan.access.keyring import KeyFile, key_file
from geoplan.access.keys import ROLES, Key, Role, digest_of, new_secret

__all__ = ["ROLES", "Key", "KeyFile", "Role", "digest_of", "key_file", "new_secret"]
