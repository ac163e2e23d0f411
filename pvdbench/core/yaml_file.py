"""Read a YAML file of parameters so that nothing in it is taken for something else in silence."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pvdbench.core.errors import ParamsError, shorten

_UNREADABLE = (yaml.YAMLError, ValueError, RecursionError, LookupError, AttributeError, TypeError)
"""What PyYAML raises for files that are no YAML, or have a value that its tag does not allow, as `!!int x`."""

_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_READ_OTHERWISE = re.compile(r"[-+]?0[0-9_]+|[-+]?0b.*|.*[:_].*")
"""010 is eight, 0b1 one, 1:30 ninety and 1_0.5 ten and a half; for DVC (YAML 1.2) they are not."""
_DEEPEST = 200
_MERGE = "tag:yaml.org,2002:merge"


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises:
        ParamsError: if it is missing, cannot be read, is no YAML, has a key twice, or a number that YAML 1.1 and 1.2
            read differently.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ParamsError(
            f"{path}: this parameter file is not there; run at the top of pvdbench's clone or in a study's folder, or "
            "name the folder (--study, --data)"
        ) from None
    except OSError as error:
        raise ParamsError(
            f"{path}: this file cannot be read ({error.strerror}); correct the path or the permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise ParamsError(f"{path}: this file is no UTF-8 ({shorten(error, 120)}); save it as UTF-8"
                          ) from error  # fmt: skip
    try:
        _check_depth(path, text)
        for line, wrong in _traps(yaml.compose(text, Loader=yaml.CSafeLoader)):
            raise ParamsError(f"{path}: line {line}: {wrong}")
        return yaml.load(text, Loader=yaml.CSafeLoader)  # it is a safe loader
    except _UNREADABLE as error:
        raise ParamsError(f"{path}: this is no YAML that can be read ({shorten(error, 150)}); mend it") from error


def _check_depth(path: Path, text: str) -> None:
    """Refuse what the parser, which calls itself, would end the process by."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ParamsError(f"{path}: line {_line(event)}: values are nested too deeply here; mend it")


def _traps(top: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """What PyYAML would read without a word as something else than was meant: its line, and what to do."""
    todo, seen = [top] if top else [], set[int]()
    while todo:
        node = todo.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield from _twice(node)
            todo += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            todo += node.value
        elif node.tag in _NUMBERS and _READ_OTHERWISE.fullmatch(node.value):
            yield _line(node), (f"{shorten(node.value, 40)} is a number that YAML 1.1 and 1.2 read "
                                             "differently; write it in plain digits, or quote it")  # fmt: skip


def _twice(node: yaml.MappingNode) -> Iterator[tuple[int, str]]:
    """The keys that a mapping has twice, of which PyYAML takes the last."""
    first: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
            continue
        name, line = (key.tag, key.value), _line(key)
        if name in first:
            yield line, f"the key '{shorten(key.value, 40)}' is there twice, before in line {first[name]}; remove one"
        first[name] = line


def _line(part: yaml.Event | yaml.Node) -> int:
    return part.start_mark.line + 1 if part.start_mark else 0
