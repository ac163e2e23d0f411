"""Read YAML files strictly: an unknown key or a wrong type is refused with its path and the choices."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from reprlib import Repr
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pvdbench.core.errors import ParamsError, choices, shorten
from pvdbench.core.yaml_file import read_yaml


class StrictModel(BaseModel):
    """A frozen set of parameters; one key of params.yaml is one such model."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Model = TypeVar("Model", bound=StrictModel)


def read_params(path: Path, model: type[Model]) -> Model:
    """Read a YAML file into a model.

    Raises:
        ParamsError: if the file is missing, is no YAML, has a key twice or does not match the model.
    """
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise ParamsError(f"{path}: it holds a {type(data).__name__}, not keys and values; see docs/architecture.md")
    return parse_params(path, data, model)


def parse_params(path: Path, data: Mapping[str, Any], model: type[Model]) -> Model:
    """Turn keys and values into the model that they are for.

    Args:
        path: where they were read, for messages.

    Raises:
        ParamsError: if they do not match the model.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ParamsError(_explain(path, model, error)) from error
    except RecursionError as error:
        raise ParamsError(f"{path}: its values are nested too deeply; mend it") from error


_SHORT = Repr()  # values may be endless by aliases
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 100


def _explain(path: Path, model: type[StrictModel], error: ValidationError) -> str:
    first = error.errors()[0]
    key = shorten(".".join(str(part) for part in first["loc"]))
    if first["type"] == "extra_forbidden":
        known = choices(_known_keys(model, first["loc"][:-1]))
        return f"{path}: {key}: unknown key '{shorten(first['loc'][-1], 40)}'; choose from {known}"
    if first["type"] == "missing":
        return f"{path}: {key}: this key is missing; add it"
    message = shorten(first["msg"], 180)
    got = shorten(_SHORT.repr(first["input"]), 60)
    return f"{path}: {key}: {message[0].lower()}{message[1:]}, got {got}; {_remedy(first['type'], first['input'])}"


_EXPONENT = re.compile(r"([-+]?\d+)[eE]([-+]?)(\d+)|([-+]?\d*\.\d*)[eE](\d+)")


def _remedy(kind: str, value: object) -> str:
    """What to do about a value; YAML reads some as another type than they look."""
    if isinstance(value, str) and kind.startswith(("float", "int")) and (parts := _EXPONENT.fullmatch(value)):
        whole, sign, power, decimal, bare = parts.groups()
        number = f"{whole}.0e{sign or '+'}{power}" if whole else f"{decimal}e+{bare}"
        return f"YAML takes {value} for text: write {'it in digits' if kind.startswith('int') else number}"
    if isinstance(value, bool) and kind.startswith("string"):
        return "YAML takes yes, no, on, off, true and false for a Boolean: put quotes around it"
    if isinstance(value, date) and kind.startswith("string"):
        return "YAML takes it for a date: put quotes around it"
    return "correct it"


def _known_keys(model: Any, loc: tuple[int | str, ...]) -> list[str]:
    """List the keys that a model allows below a key path; dictionaries of models are stepped through by any key."""
    for part in loc:
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = model.model_fields[str(part)].annotation
        else:  # dict[str, Model] or list[Model]
            model = model.__args__[-1]
    if isinstance(model, type) and issubclass(model, BaseModel):
        return sorted(model.model_fields)
    return ["those documented in docs/architecture.md"]
