"""method.yaml: what a method says of itself, read without running it."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pvdbench.core.errors import MethodError
from pvdbench.core.params import StrictModel, read_params

Task = Literal["deblur", "motion"]


class MethodCard(StrictModel):
    """method.yaml: what is not code."""

    label: str
    task: Task
    citation: str
    url: str = ""
    options: dict[str, Any] = Field(default={})


def read_card(methods: Path, name: str) -> MethodCard:
    """Read methods/NAME/method.yaml.

    Raises:
        MethodError: if there is no such method.
        ParamsError: if method.yaml has an unknown key or a wrong type.
    """
    if not (methods / name / "method.yaml").is_file():
        there = ", ".join(method_names(methods)) or "none"
        raise MethodError(f"{methods / name}: expected a method with method.yaml and adapter.py, found none; "
                          f"methods there: {there}")  # fmt: skip
    return read_params(methods / name / "method.yaml", MethodCard)


def method_names(methods: Path) -> list[str]:
    """The methods of a folder, sorted."""
    return sorted(card.parent.name for card in methods.glob("*/method.yaml"))
