"""Map sheets beside matplotlib: the same layers, the same size, in CPU seconds."""
