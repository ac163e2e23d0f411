"""method.yaml: what a method says of itself, read without running it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pvdbench.core.errors import MethodError, ParamsError
from pvdbench.core.params import StrictModel, read_params

Task = Literal["deblur", "motion"]


class MethodCard(StrictModel):
    """method.yaml: what is not code."""

    label: str
    task: Task
    citation: str
    url: str = ""
    options: dict[str, Any] = Field(default={})
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
