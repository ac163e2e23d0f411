"""Read YAML files strictly: an unknown key or a wrong type is refused with its path and the choices."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pvdbench.core.errors import ParamsError, choices, shorten


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
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(
            f"{path}: this parameter file is not there; run in a study's folder, or name it by --study"
        ) from None
    except OSError as error:
        raise ParamsError(
            f"{path}: this file cannot be read ({error.strerror}); correct the path or the permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise ParamsError(f"{path}: this file is no UTF-8 ({shorten(error, 120)}); save it as UTF-8") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no date, such as 2024-13-45
        raise ParamsError(f"{path}: this is no YAML that can be read ({shorten(error, 150)}); mend it") from error
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


def _explain(path: Path, model: type[StrictModel], error: ValidationError) -> str:
    first = error.errors()[0]
    key = shorten(".".join(str(part) for part in first["loc"]))
    if first["type"] == "extra_forbidden":
        known = choices(_known_keys(model, first["loc"][:-1]))
        return f"{path}: {key}: unknown key '{shorten(first['loc'][-1], 40)}'; choose from {known}"
    if first["type"] == "missing":
        return f"{path}: {key}: this key is missing; add it"
    message = shorten(first["msg"], 180)
    return f"{path}: {key}: {message[0].lower()}{message[1:]}, got {shorten(repr(first['input']), 60)}; correct it"


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
