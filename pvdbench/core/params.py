"""Strictly read parameters: an unknown key or a wrong type is refused with its path and the choices."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pvdbench.core.errors import ParamsError


class StrictModel(BaseModel):
    """A frozen set of parameters; one key of params.yaml is one such model."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Model = TypeVar("Model", bound=StrictModel)


def read_params(path: Path, model: type[Model]) -> Model:
    """Read a YAML file into a model.

    Raises:
        ParamsError: if the file is missing, is no YAML or does not match the model.
    """
    try:
        data = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise ParamsError(f"{path}: expected a parameter file, found none; run in a study's folder") from None
    except yaml.YAMLError as error:
        raise ParamsError(f"{path}: expected YAML, got '{' '.join(str(error).split())}'; mend that line") from error
    if not isinstance(data, dict):
        raise ParamsError(f"{path}: expected keys and values, got {type(data).__name__}; see docs/architecture.md")
    return parse_params(path, data, model)


def parse_params(path: Path, data: Mapping[str, Any], model: type[Model]) -> Model:
    """Hold keys and values against the model that they are for.

    Args:
        path: where they were read, for messages.

    Raises:
        ParamsError: if they do not match the model.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ParamsError(_explain(path, model, error)) from error


def _explain(path: Path, model: type[StrictModel], error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = ", ".join(_known_keys(model, first["loc"][:-1]))
        return f"{path}: {key}: expected one of the keys {known}, got '{first['loc'][-1]}'; remove or correct it"
    if first["type"] == "missing":
        return f"{path}: {key}: expected this key, found none; add it"
    got = first["input"]
    return f"{path}: {key}: {first['msg'][0].lower()}{first['msg'][1:]}, got {got!r}; correct it"


def _known_keys(model: Any, loc: tuple[int | str, ...]) -> list[str]:
    """The keys a model allows at a place; dictionaries of models are stepped through by any key."""
    for part in loc:
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = model.model_fields[str(part)].annotation
        else:  # dict[str, Model] or list[Model]
            model = model.__args__[-1]
    if isinstance(model, type) and issubclass(model, BaseModel):
        return sorted(model.model_fields)
    return ["those documented in docs/architecture.md"]
