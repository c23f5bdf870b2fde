"""Foreign files: read in a worker process, placed, matched to fields, and made into layers."""
