"""What other installed packages add to pvdbench by their entry points: layouts, methods and protocols."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Literal

from pvdbench.core.errors import EntryPointError, shorten
from pvdbench.core.notice import notice

Group = Literal["pvdbench.layouts", "pvdbench.methods", "pvdbench.protocols"]
_LONGEST = 120  # characters of a package's own error message


@cache
def load_entry_points(group: Group) -> dict[str, object]:
    """Load what the installed packages register in a group.

    An entry point that cannot be loaded is left out, with one line on stderr, so that whoever does not need it goes on.

    Returns: name to object, sorted by name.
    Raises:
        EntryPointError: if two packages register one name.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=group), key=lambda point: (point.name, package_of(point))):
        if (other := found.setdefault(point.name, point)) is not point:
            raise EntryPointError(f"'{point.name}' of {group} is registered by two packages, {package_of(other)} and "
                                  f"{package_of(point)}; uninstall one of them")  # fmt: skip
    loaded = {name: _load(point) for name, point in found.items()}
    return {name: value for name, value in loaded.items() if value is not None}


def package_of(point: EntryPoint) -> str:
    """Name the package that registers an entry point."""
    return point.dist.name if point.dist is not None else point.value


def package_named(group: Group, name: str) -> str:
    """Name the package that registers a name in a group."""
    return next((package_of(point) for point in entry_points(group=group, name=name)), name)


def leave_out(group: Group, name: str, reason: str) -> None:
    """Say on stderr, in one line that names the package, that what it registers cannot be used."""
    where = f"package {package_named(group, name)}: '{name}' of {group}"
    notice(f"{where} is left out: {shorten(reason, _LONGEST)}; mend or uninstall it")


def _load(point: EntryPoint) -> object | None:
    try:
        loaded: object = point.load()
    except (Exception, SystemExit) as error:  # whatever a foreign module does when it is imported
        leave_out(point.group, point.name, f"{type(error).__name__}: {error}")  # type: ignore[arg-type]
        return None
    if loaded is None:
        leave_out(point.group, point.name, "it is None")  # type: ignore[arg-type]
    return loaded
