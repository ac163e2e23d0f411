"""Names from outside that become one part of a path."""


def is_one_part(name: str) -> bool:
    """Whether a name is one part of a path below any folder, and can be printed."""
    return name not in ("", ".", "..") and name.isprintable() and not {*"/\\"} & {*name} and len(name.encode()) < 256
