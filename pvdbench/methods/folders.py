"""Folders of methods: the tree's own, those that a study names, and those of installed packages."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pvdbench.core.entry_points import Group, leave_out, load_entry_points
from pvdbench.core.errors import MethodError
from pvdbench.methods.card import NAME, method_names

_GROUP: Group = "pvdbench.methods"


@cache
def installed_folders() -> tuple[Path, ...]:
    """List the folders of methods that installed packages bring by an entry point `pvdbench.methods`.

    An entry point names a package whose folder holds folders of methods, or an attribute that is the path of such a
    folder. One that holds none is left out, with one line on stderr.
    """
    folders = {name: _folder(value) for name, value in load_entry_points(_GROUP).items()}
    for name, folder in folders.items():
        if folder is None or not method_names(folder):
            leave_out(_GROUP, name, f"{folder or 'it'} is no folder with NAME/method.yaml in it")
    return tuple(folder for folder in folders.values() if folder is not None and method_names(folder))


def _folder(value: object) -> Path | None:
    if isinstance(value, str | Path):
        return Path(value)
    places = list(getattr(value, "__path__", ()))  # of a package
    return Path(places[0]) if places else None


def check_folders(folders: Sequence[Path]) -> None:
    """Check folders of methods before anything runs.

    Raises:
        MethodError: if one holds no methods, or a method's name is not valid or there twice.
    """
    seen: dict[str, Path] = {}
    for folder in folders:
        if not (names := method_names(folder)):
            raise MethodError(
                f"{folder}: this folder holds no method, NAME/method.yaml; correct `methods` in params.yaml"
            )
        for name in names:
            check_name(name, f"{folder / name}: ")
            if name in seen:
                raise MethodError(f"{folder / name}: {seen[name] / name} is a method of this name, too; rename one of "
                                  "them, or uninstall the package that brings it")  # fmt: skip
            seen[name] = folder


def check_name(name: str, where: str = "") -> None:
    """Refuse a name that does not suit a folder, a row and a command line alike.

    Args:
        where: the method lies, as the message begins.

    Raises:
        MethodError: saying which names do.
    """
    if not NAME.fullmatch(name):
        raise MethodError(f"{where}'{name[:50]}' cannot be a method's name; choose small letters, digits and single "
                          "hyphens that begin with a letter, such as my-method")  # fmt: skip


def find_method(folders: Sequence[Path], name: str) -> Path:
    """Find the folder that holds the method NAME.

    Raises:
        MethodError: if none does, with the methods that are there, or if several do.
    """
    holding = [folder for folder in folders if name in method_names(folder)]
    if len(holding) > 1:
        check_folders(holding)
    if holding:
        return holding[0]
    there = ", ".join(sorted(known for folder in folders for known in method_names(folder))) or "none"
    raise MethodError(f"{folders[0]}: no method '{name[:60]}' with a method.yaml is there; choose from {there}")
