"""Read a YAML file of parameters so that nothing in it is taken for something else in silence."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pvdbench.core.errors import ParamsError, shorten
from pvdbench.core.whole_file import read_bytes

_UNREADABLE = (yaml.YAMLError, ValueError, RecursionError, LookupError, AttributeError, TypeError, OverflowError)
"""What PyYAML raises for files that are no YAML, or have a value that its tag does not allow, as `!!int x`."""

_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_READ_OTHERWISE = re.compile(r"[-+]?0[0-9_]+|[-+]?0b.*|.*[:_].*")
"""010 is eight, 0b1 one, 1:30 ninety and 1_0.5 ten and a half; for DVC (YAML 1.2) they are not."""
_DEEPEST = 200
_MOST = 50_000  # values and ends of lists of them; dvc.lock of the largest study has 20,000
_LONGEST_NUMBER = 400  # characters: the largest float has 309 digits
_MERGE = "tag:yaml.org,2002:merge"


class YamlError(ValueError):
    """A text is no YAML that can be read; its message says where and why, in a few words."""


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises:
        ParamsError: if it is missing, cannot be read, is no YAML, has a key twice, or a number that YAML 1.1 and 1.2
            read differently.
    """
    try:
        return load_yaml(read_bytes(path), strict=True)
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
    except YamlError as error:
        raise ParamsError(f"{path}: {error}") from error


def load_yaml(content: bytes | str, *, strict: bool = False) -> Any:
    """Read a text of YAML, of whoever wrote it: no tag makes an object, no alias makes few bytes many.

    Args:
        strict: refuse a key that is there twice, and a number that YAML 1.1 and 1.2 read differently.

    Raises:
        UnicodeDecodeError: if it is no UTF-8.
        YamlError: if it is no YAML, or has too many or too deeply nested values.
    """
    text = content.decode("utf-8") if isinstance(content, bytes) else content
    try:
        _check_events(text)
        loader = yaml.CSafeLoader(text)  # it is a safe loader
        try:
            top = loader.get_single_node()
            if top is None:
                return None
            _check_aliases(top)
            for line, wrong in _traps(top) if strict else ():
                raise YamlError(f"line {line}: {wrong}")
            return loader.construct_document(top)
        finally:
            loader.dispose()
    except YamlError:
        raise
    except _UNREADABLE as error:
        raise YamlError(f"this is no YAML that can be read ({shorten(error, 150)}); mend it") from error


def _check_events(text: str) -> None:
    """Refuse what the parser, which calls itself, would end the process by, or take minutes for."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise YamlError(f"line {_line(event)}: values are nested too deeply here; mend it")
        if count > _MOST:
            raise YamlError(f"line {_line(event)}: more than {_MOST} values come before it; split or mend the file")


def _check_aliases(top: yaml.Node) -> None:
    """Refuse aliases that hold themselves, or that would make more values than a file may have."""
    sizes: dict[int, int | None] = {}

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = None
            parts = node.value if isinstance(node, yaml.CollectionNode) else ()
            flat = (part for pair in parts for part in pair) if isinstance(node, yaml.MappingNode) else parts
            sizes[id(node)] = min(1 + sum(map(size, flat)), _MOST + 1)
        if (known := sizes[id(node)]) is None or known > _MOST:
            raise YamlError(f"line {_line(node)}: its aliases make it endless, or more than {_MOST} values; write "
                            "them out")  # fmt: skip
        return known

    size(top)


def _traps(top: yaml.Node) -> Iterator[tuple[int, str]]:
    """What PyYAML would read without a word as something else than was meant: its line, and what to do."""
    todo, seen = [top], set[int]()
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
        elif node.tag in _NUMBERS and len(node.value) > _LONGEST_NUMBER:
            yield _line(node), f"a number of {len(node.value)} characters; write one that a computer holds"
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
