"""Fingerprints of the code that a command runs, found by following its imports; nothing here lists a module.

A fingerprint begins at the function of a click command. It holds the text of that function and of what it uses of
pvdbench.cli, and every file of pvdbench that these import, directly or through other files. So other commands, of the
same module or not, are no part of it.
"""

import ast
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pvdbench
from pvdbench.io.checksum import file_sha256

TREE = Path(pvdbench.__file__).parents[1]
"""The folder that holds the package that runs."""

_PACKAGE, _COMMANDS = "pvdbench", "pvdbench.cli."
_GROUPS = ("pvdbench.layouts", "pvdbench.protocols")
"""Of entry points; files of methods, a group of their own, are in the records of their rows."""


@dataclass(frozen=True)
class CommandFunction:
    """The function behind a click command.

    Attributes:
        module: dotted name.
        name: of the function in the module.
    """

    module: str
    name: str


def command_fingerprint(command: CommandFunction, *, choice: str = "", tree: Path = TREE) -> dict[str, object]:
    """Hash what a command runs.

    Args:
        choice: a key of the dictionaries of functions that the command uses; the others' values are not followed.
        tree: the folder that holds pvdbench/.

    Returns: `command`, the hash of its text; `code`, a hash for each file of pvdbench below tree; `packages`, the same
        for installed packages that register what these files load.
    """
    text, modules = _command_text(tree, command, choice)
    files = imported_files(modules, tree)
    hashed = hashlib.sha256(text.encode()).hexdigest()
    return {"command": hashed, "code": file_hashes(files, tree), "packages": _registered_code(files)}


def imported_files(modules: Iterable[str], tree: Path = TREE) -> set[Path]:
    """Follow the imports of modules to every file of pvdbench, also those inside functions.

    Files beside modules that are no modules (a report's templates) belong to every module of their package.

    Args:
        modules: dotted names; those that are no modules of pvdbench are passed over.
        tree: the folder that holds pvdbench/.
    """
    todo, seen, found = set(modules), set[str](), set[Path]()
    while todo:
        module = todo.pop()
        seen.add(module)
        path = _path(tree, module)
        if path not in found and path.is_file() and not _only_docstring(path):
            found.add(path)
            todo |= {*imports(path)} - seen
    return found.union(*(_data_files(folder) for folder in {path.parent for path in found}))


def imports(path: Path) -> list[str]:
    """List what a Python file imports of pvdbench, also inside functions, but not for type checkers alone."""
    return list(_imports(path.read_text(encoding="utf-8")))


def relative_imports(path: Path) -> set[str]:
    """List the files beside it that a Python file imports, `from .network import Network` and its like."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(module) if isinstance(node, ast.ImportFrom) and node.level]
    return {name for node in nodes for name in (node.module, *(alias.name for alias in node.names)) if name}


def package_files(folder: Path, files: Iterable[Path]) -> set[Path]:
    """List the files of the installed package that folder is a part of, where one of the Python files imports it."""
    tops = [parent for parent in folder.resolve().parents if (parent / "__init__.py").is_file()]
    if tops and any(tops[-1].name in _packages(path) for path in files if path.suffix == ".py"):
        return _all_files(tops[-1])
    return set()


def file_hashes(files: Iterable[Path], folder: Path) -> dict[str, str]:
    """Hash files, by their path from folder, in one order."""
    return {os.path.relpath(path, folder): file_sha256(path) for path in sorted(files)}


def _registered_code(files: Iterable[Path]) -> dict[str, str]:
    """Hash the packages that register entry points of the groups that the files load."""
    texts = [path.read_text(encoding="utf-8") for path in files if path.suffix == ".py"]
    groups = [group for group in _GROUPS if any(f'_GROUP: Group = "{group}"' in text for text in texts)]
    hashes: dict[str, str] = {}
    for name in {point.module.split(".")[0] for group in groups for point in entry_points(group=group)}:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            top = Path(spec.origin)
            modules = _all_files(top.parent) if spec.submodule_search_locations else {top}
            hashes |= {f"{name}/{path}": sha256 for path, sha256 in file_hashes(modules, top.parent).items()}
    return hashes


def _all_files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def _packages(path: Path) -> set[str]:
    """The packages that a Python file imports by name."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).split(".")[0])
    return names


def _path(tree: Path, module: str) -> Path:
    """The file of a dotted name, which may be a package; the package itself says what its modules are, and no more."""
    path = tree.joinpath(*module.split("."))
    package = path / "__init__.py"
    return package if module != _PACKAGE and package.is_file() else path.with_suffix(".py")


def _only_docstring(path: Path) -> bool:
    if path.name != "__init__.py":
        return False
    module = ast.parse(path.read_text(encoding="utf-8"))
    return len(module.body) == (ast.get_docstring(module) is not None)


@cache
def _imports(text: str) -> tuple[str, ...]:
    return tuple(name for statement in _statements(ast.parse(text)) for name in _imported(statement))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, but for the body of `if TYPE_CHECKING`."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in child.orelse:
                yield from _statements(other)
        else:
            yield from _statements(child)


def _imported(node: ast.AST) -> Iterator[str]:
    """`from a import b` may mean a or a.b; the packages that hold a module are imported with it.

    A name of the Python API, `from pvdbench import score_folders`, is found by pvdbench/__init__.py.
    """
    names = []
    if isinstance(node, ast.ImportFrom) and node.module:
        names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    elif isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    for name in names:
        parts = name.split(".")
        if name == _PACKAGE:
            yield f"{_PACKAGE}.__init__"
        if parts[0] == _PACKAGE:
            yield from (".".join(parts[:end]) for end in range(2, len(parts) + 1))


def _data_files(package: Path) -> set[Path]:
    return {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}


def _command_text(tree: Path, command: CommandFunction, choice: str) -> tuple[str, list[str]]:
    """The text of a function and of all that it uses of pvdbench.cli, and the other modules that these import."""
    todo, used, modules = [(command.module, command.name)], dict[tuple[str, int], str](), list[str]()
    while todo:
        module, name = todo.pop()
        lines, defined = _definitions(_path(tree, module).read_text(encoding="utf-8"))
        for statement in defined.get(name, ()):
            if (module, statement.lineno) in used:
                continue
            used[module, statement.lineno] = _text(statement, lines, choice)
            todo += [(module, name) for name in _names(statement, choice)]
            for node in _statements(statement):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_COMMANDS):
                    todo += [(str(node.module), alias.name) for alias in node.names]
                else:
                    modules += _imported(node)
    return "\n".join(text for _, text in sorted(used.items())), modules


@cache
def _definitions(source: str) -> tuple[list[str], dict[str, list[ast.stmt]]]:
    """The lines of a module, and the statements that give each of its names a meaning."""
    defined: dict[str, list[ast.stmt]] = {}
    for statement in ast.parse(source).body:
        for name in _defines(statement):
            defined.setdefault(name, []).append(statement)
    return source.splitlines(), defined


def _defines(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module gives a meaning."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.split(".")[0] for alias in statement.names)
    elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
        return
    else:  # also A, B = ...; A |= ...; A["key"] = ...; and whatever if, try, for and with hold
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef) and node is not statement:
                yield from _defines(node)
            elif isinstance(node, ast.Name | ast.Subscript) and not isinstance(node.ctx, ast.Load):
                yield from (part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def _names(statement: ast.stmt, choice: str) -> Iterator[str]:
    """The names that a statement uses; a command's own group is not one of them."""
    groups = {decorator.func.value for decorator in getattr(statement, "decorator_list", [])
              if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)
              and decorator.func.attr in ("command", "group")}  # fmt: skip
    for node in ast.walk(_chosen(statement, choice) or statement):
        if isinstance(node, ast.Name) and node not in groups:
            yield node.id


def _chosen(statement: ast.stmt, choice: str) -> ast.expr | None:
    """The value under the key choice, where a statement gives a name to a dictionary that has the key."""
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    if isinstance(value, ast.Dict):
        for key, item in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == choice:
                return item
    return None


def _text(statement: ast.stmt, lines: list[str], choice: str) -> str:
    """A statement's text without its docstring, which is help for readers."""
    if (chosen := _chosen(statement, choice)) is not None:
        return ast.unparse(chosen)
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
    left_out = range(0)
    if isinstance(statement, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(statement) is not None:
        left_out = range(statement.body[0].lineno, (statement.body[0].end_lineno or 0) + 1)
    return "\n".join(lines[n - 1] for n in range(first, (statement.end_lineno or first) + 1) if n not in left_out)
