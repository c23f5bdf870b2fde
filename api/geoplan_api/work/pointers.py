"""Where in a body something stands (RFC 6901)."""


def pointer_to(*steps: str | int) -> str:
    """Return a JSON pointer.

    Examples
    --------
    >>> pointer_to("inputs", "layers", 0)
    '/inputs/layers/0'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
