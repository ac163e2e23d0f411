"""The import closure of a module of pvdbench, read from the source: which files the code of a stage consists of."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pvdbench

TREE = Path(pvdbench.__file__).parents[1]
"""The folder that holds the package that runs."""


def closure(modules: Iterable[str], tree: Path = TREE) -> set[Path]:
    """Files of pvdbench that modules import, themselves included; package docstrings are left out.

    Files beside modules that are no modules (a report's templates) belong to every module of their package.

    Args:
        modules: dotted names; those that are no modules of pvdbench are passed over.
        tree: the folder that holds pvdbench/.
    """
    todo, found = list(modules), set[Path]()
    while todo:
        path = tree / (todo.pop().replace(".", "/") + ".py")
        if path.exists() and path not in found:
            found.add(path)
            todo += imports(path)
    return found.union(*(_data_files(folder) for folder in {path.parent for path in found}))


def imports(path: Path) -> list[str]:
    """What a Python file imports of pvdbench, also inside functions: `from a import b` may mean a or a.b."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pvdbench"):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.startswith("pvdbench")]
    return names


def _data_files(package: Path) -> set[Path]:
    return {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
