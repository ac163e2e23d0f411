"""Where methods are: the tree's own folder and whichever a study names beside it; a name means one method."""

import re
from collections.abc import Sequence
from glob import glob
from pathlib import Path

from pvdbench.contract.card import NAME, MethodCard, method_names
from pvdbench.core.errors import MethodError

_WILD = re.compile(r"{[^}]*}")


def check_places(places: Sequence[Path]) -> None:
    """Look at folders of methods before anything runs.

    Raises:
        MethodError: if one is no folder of methods, or a name is no valid one or there twice.
    """
    seen: dict[str, Path] = {}
    for place in places:
        if not (names := method_names(place)):
            raise MethodError(f"{place}: expected a folder of methods, NAME/method.yaml in it, found none; correct "
                              "`methods` in params.yaml")  # fmt: skip
        for name in names:
            check_name(name)
            if name in seen:
                raise MethodError(f"{place / name}: expected a name that no other method has, got that of "
                                  f"{seen[name] / name}; rename one")  # fmt: skip
            seen[name] = place


def check_name(name: str) -> None:
    """Refuse a name that does not suit a folder, a row and a command line alike.

    Raises:
        MethodError: saying which names do.
    """
    if not NAME.fullmatch(name):
        raise MethodError(f"{name}: expected a name of small letters, digits and single hyphens that begins with a "
                          "letter, such as my-method; choose another")  # fmt: skip


def place_of(places: Sequence[Path], name: str) -> Path:
    """Which of the folders holds a method.

    Raises:
        MethodError: if none does; it lists the methods that are there.
    """
    for place in places:
        if (place / name / "method.yaml").is_file():
            return place
    there = ", ".join(sorted(known for place in places for known in method_names(place))) or "none"
    raise MethodError(f"{places[0] / name}: expected a method with method.yaml and adapter.py, found none; "
                      f"methods there: {there}")  # fmt: skip


def named_files(folder: Path, card: MethodCard) -> set[Path]:
    """The files that a method's card names wherever they lie, of those that are there: adapter, weights, frames.

    Args:
        folder: the method's.
    """
    named = {folder / card.adapter, *(folder / weights.file for weights in card.weights.values())}
    frames = glob(str(folder / _WILD.sub("*", card.frames.path))) if card.frames else ()  # noqa: PTH207  # a path may be absolute
    return {path for path in (*named, *map(Path, frames)) if path.is_file()}
