"""method.yaml, the card of a method: what is not code, read without running it, and the files that it names."""

import re
from collections.abc import Mapping
from glob import glob
from html import unescape
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from pvdbench.core.errors import MethodError, ParamsError, WeightsError
from pvdbench.core.params import StrictModel, read_params
from pvdbench.io.checksum import file_sha256

Task = Literal["deblur", "motion"]
Kind = Literal["python", "folder", "command"]
"""How a method runs: in this process, not at all (its frames are there), or as a program in its own environment."""

NAME = re.compile(r"(?=.{1,60}$)[a-z][a-z0-9]*(-[a-z0-9]+)*")  # short enough for every file that is named after it


class WeightsFile(StrictModel):
    """A file that the method comes with or that its user provides; its path is relative to the method's folder."""

    file: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


_FIELD = re.compile(r"{[^}]*}")
_PLAIN_FIELD = re.compile(r"{[A-Za-z_][A-Za-z0-9_]*(:0?[1-9]?[0-9]d)?}")


def _template(text: str) -> str:
    """Refuse fields that look into what fills them, or ask for a gigabyte of blanks, and what no path can hold."""
    if "\0" in text:
        raise ValueError("holds NUL, which no path and no argument can")
    for field in _FIELD.findall(text.replace("{{", "").replace("}}", "")):
        if not _PLAIN_FIELD.fullmatch(field):
            raise ValueError(f"holds {field[:40]}; a field is a name in braces, with :08d for a number's digits")
    return text


class FramesTemplate(StrictModel):
    """Where precomputed frames lie: a path relative to the method's folder, with {video} and {frame} or {number}."""

    path: Annotated[str, AfterValidator(_template)]
    first: Annotated[int, Field(ge=0)] = 0  # what {number} is of the first file; the authors' programs count from 1
    frame_offset: int = 0  # the first file is for so many frames later, as `pvdbench score folder` counts


class Command(StrictModel):
    """A program and its arguments; {input}, {output}, {weights} and {method} are folders and files."""

    argv: Annotated[list[Annotated[str, AfterValidator(_template)]], Field(min_length=1)]
    env: Literal["own", "uv"] = "own"  # uv: argv begins with a script that says which packages it needs (PEP 723)


def _plain(text: str) -> str:
    """Refuse what is no plain text: it stands in tables, on pages and in terminals."""
    if not all(character.isprintable() for character in text.replace("\n", " ")):
        raise ValueError("holds a control character, which is no text")
    if _TAG.search(text) or any(unescape(entity) != entity for entity in _ENTITY.findall(text)):
        raise ValueError("holds markup; write plain text")
    return text


_TAG, _ENTITY = re.compile(r"<[a-zA-Z/!?]"), re.compile(r"&#?\w+;")
Text = Annotated[str, Field(max_length=2000), AfterValidator(_plain)]
Label = Annotated[str, Field(max_length=80, pattern=r"^\S(.*\S)?$"), AfterValidator(_plain)]


class MethodCard(StrictModel):
    """method.yaml: what is not code."""

    label: Label
    task: Task
    citation: Text
    url: Annotated[str, Field(max_length=2000, pattern=r"^(https?://\S+)?$")] = ""
    kind: Kind = "python"
    adapter: str = "adapter.py"  # another method's, where only weights and options differ
    options: dict[str, Any] = Field(default={})
    weights: dict[str, WeightsFile] = Field(default={})
    needs: Text = ""  # what may be wanting here, and where to get it; said where the method is skipped
    published: str = ""  # its method_name in data/published
    upper_bound: Literal[True, False, "by-weights"] = False  # whether it sees the truth, or as its weights say
    frames: FramesTemplate | None = None
    command: Command | None = None
    seconds_a_frame: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 600.0  # longer counts as hung
    training: dict[str, Any] | None = None  # a recipe, for a method whose network.py the training loop trains

    def chosen(self, overrides: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Merge options over the card's defaults.

        Args:
            where: they were read, for messages.

        Raises:
            ParamsError: if one is unknown or of another type than its default.
        """
        for name, value in overrides.items():
            if name not in self.options:
                known = ", ".join(sorted(self.options)) or "none"
                raise ParamsError(f"{where}.{name}: unknown option '{name}'; choose from {known}")
            kind = type(self.options[name])
            if type(value) not in ((float, int) if kind is float else (kind,)):
                raise ParamsError(f"{where}.{name}: {_short(value)} is no {kind.__name__}; correct it")
        return self.options | dict(overrides)


def _short(value: object, most: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}..."


def read_card(methods: Path, name: str) -> MethodCard:
    """Read methods/NAME/method.yaml.

    Raises:
        MethodError: if there is no such method.
        ParamsError: if method.yaml has an unknown key, a wrong type, or keys that do not belong to its kind.
    """
    if name not in (there := method_names(methods)):
        raise MethodError(f"{methods}: no method '{name[:60]}' with a method.yaml is there; choose from "
                          f"{', '.join(there) or 'none'}")  # fmt: skip
    path = methods / name / "method.yaml"
    card = read_params(path, MethodCard)
    _check_kind(path, card)
    return card


def _check_kind(path: Path, card: MethodCard) -> None:
    for kind, key, value in (("folder", "frames", card.frames), ("command", "command", card.command)):
        if card.kind == kind and value is None:
            raise ParamsError(f"{path}: {key}: kind: {kind} needs this key; see docs/adding-a-method.md")
        if card.kind != kind and value is not None:
            raise ParamsError(
                f"{path}: {key}: this key is for kind: {kind} alone, and the kind is {card.kind}; remove it"
            )
    if card.kind != "python" and card.task != "deblur":
        raise ParamsError(f"{path}: kind: a method of motion is of kind python, not {card.kind}; write an adapter")
    if card.kind == "command" and len(card.weights) > 1:
        raise ParamsError(
            f"{path}: weights: a command takes one file, not {len(card.weights)}; name a folder or an archive"
        )


def method_names(methods: Path) -> list[str]:
    """List the methods of a folder, sorted."""
    return sorted(card.parent.name for card in methods.glob("*/method.yaml"))


def named_files(folder: Path, card: MethodCard) -> set[Path]:
    """List the files that a method's card names wherever they lie, of those that exist.

    These are its adapter, its weights, precomputed frames, and what a command's argv begins with or says by {method}.

    Args:
        folder: the method's.
    """
    argv = card.command.argv if card.command else []
    programs = (folder / argument.replace("{method}", str(folder.resolve())) for argument in argv)
    named = {folder / card.adapter, *(folder / weights.file for weights in card.weights.values()), *programs}
    frames = glob(str(folder / _FIELD.sub("*", card.frames.path))) if card.frames else ()  # noqa: PTH207  # a path may be absolute
    return {path for path in (*named, *map(Path, frames)) if path.is_file()}


def locate_weights(folder: Path, card: MethodCard, overrides: Mapping[str, Path]) -> dict[str, Path]:
    """Locate every weights file of a card and verify its SHA-256, where the card has one.

    Args:
        folder: the method's, which paths are relative to.
        overrides: name to file, in place of the card's or beside them; of these nothing is checked.

    Raises:
        WeightsError: if a file is missing or has another SHA-256.
    """
    return {name: _verified(folder, card, name) for name in card.weights if name not in overrides} | dict(overrides)


def has_weights(folder: Path, card: MethodCard) -> bool:
    """Tell whether every weights file that the card names exists, without opening one."""
    return all((folder / weights.file).is_file() for weights in card.weights.values())


def _verified(folder: Path, card: MethodCard, name: str) -> Path:
    path, sha256 = folder / card.weights[name].file, card.weights[name].sha256
    if not path.is_file():
        raise WeightsError(
            f"{path}: the weights '{name}' of {card.label} are not there; {card.needs or 'put the file there'}"
        )
    if sha256 is not None and (found := file_sha256(path)) != sha256:
        raise WeightsError(f"{path}: its SHA-256 is {found[:12]}..., method.yaml says {sha256[:12]}...; get the file "
                           "again, or correct method.yaml")  # fmt: skip
    return path
