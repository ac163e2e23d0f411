"""The import closure of a module of pvdbench, read from the source: which files a stage's code consists of."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def closure(*modules: str, root: Path = ROOT) -> set[str]:
    """Files of pvdbench that modules import, themselves included, package docstrings left out."""
    todo, found = list(modules), set()
    while todo:
        path = root / (todo.pop().replace(".", "/") + ".py")
        if path.exists() and str(path.relative_to(root)) not in found:
            found.add(str(path.relative_to(root)))
            todo += _imports(path)
    return found


def _imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pvdbench"):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return names
