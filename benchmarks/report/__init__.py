"""How long reports take."""
