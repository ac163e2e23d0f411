"""method.yaml: what a method says of itself, read without running it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from pvdbench.core.errors import MethodError, ParamsError
from pvdbench.core.params import StrictModel, read_params

Task = Literal["deblur", "motion"]
Kind = Literal["python", "folder", "command"]
"""How a method runs: in this process, not at all (its frames are there), or as a program in its own environment."""

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class WeightsFile(StrictModel):
    """A file that the method comes with or that its user provides; its path is relative to the method's folder."""

    file: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


class FramesTemplate(StrictModel):
    """Where precomputed frames lie: a path relative to the method's folder, with {video} and {frame} or {number}."""

    path: str
    frame_offset: int = 0  # the first file is for so many frames later, as `pvdbench score folder` counts


class Command(StrictModel):
    """A program and its arguments; {input}, {output}, {weights} and {method} are folders and files."""

    argv: Annotated[list[str], Field(min_length=1)]
    env: Literal["own", "uv"] = "own"  # uv: argv begins with a script that says which packages it needs (PEP 723)


class MethodCard(StrictModel):
    """method.yaml: what is not code."""

    label: str
    task: Task
    citation: str
    url: str = ""
    kind: Kind = "python"
    adapter: str = "adapter.py"  # another method's, where only weights and options differ
    options: dict[str, Any] = Field(default={})
    weights: dict[str, WeightsFile] = Field(default={})
    needs: str = ""  # what may be wanting here, and where to get it; said where the method is skipped
    published: str = ""  # its method_name in data/published
    frames: FramesTemplate | None = None
    command: Command | None = None
    seconds_a_frame: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 600.0  # longer counts as hung
    training: dict[str, Any] | None = None  # a recipe, for a method whose network.py the training loop trains

    def chosen(self, given: Mapping[str, Any], where: str) -> dict[str, Any]:
        """The options with those given in place of the defaults.

        Raises:
            ParamsError: if one is unknown or of another type than its default.
        """
        for name, value in given.items():
            if name not in self.options:
                known = ", ".join(sorted(self.options)) or "none"
                raise ParamsError(f"{where}.{name}: expected one of the options {known}, got '{name}'; correct it")
            expected = type(self.options[name])
            if type(value) not in ((float, int) if expected is float else (expected,)):
                raise ParamsError(f"{where}.{name}: expected {expected.__name__}, got {value!r}; correct it")
        return self.options | dict(given)


def read_card(methods: Path, name: str) -> MethodCard:
    """Read methods/NAME/method.yaml.

    Raises:
        MethodError: if there is no such method.
        ParamsError: if method.yaml has an unknown key, a wrong type, or keys that do not belong to its kind.
    """
    path = methods / name / "method.yaml"
    if not path.is_file():
        there = ", ".join(method_names(methods)) or "none"
        raise MethodError(f"{methods / name}: expected a method with method.yaml and adapter.py, found none; "
                          f"methods there: {there}")  # fmt: skip
    card = read_params(path, MethodCard)
    _check_kind(path, card)
    return card


def _check_kind(path: Path, card: MethodCard) -> None:
    belongs = {"folder": card.frames, "command": card.command}
    for kind, value in belongs.items():
        key = {"folder": "frames", "command": "command"}[kind]
        if (card.kind == kind) != (value is not None):
            found = "none" if value is None else f"it with kind: {card.kind}"
            raise ParamsError(f"{path}: {key}: expected this key with kind: {kind} alone, got {found}; see "
                              "docs/adding-a-method.md")  # fmt: skip
    if card.kind != "python" and card.task != "deblur":
        raise ParamsError(f"{path}: kind: expected python for a method of motion, got {card.kind}; write an adapter")
    if card.kind == "command" and len(card.weights) > 1:
        raise ParamsError(f"{path}: weights: expected one file at most for a command, got {len(card.weights)}; "
                          "name a folder or an archive")  # fmt: skip


def method_names(methods: Path) -> list[str]:
    """The methods of a folder, sorted."""
    return sorted(card.parent.name for card in methods.glob("*/method.yaml"))
