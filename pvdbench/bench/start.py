"""The program of a part's process: the package of any revision, and in it the parts of this one.

It is run by its path, `python start.py TREE JSON`, as the package that it would be a module of is chosen here.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def _use(tree: str, parts: Path) -> None:
    """Import pvdbench from tree, and pvdbench.bench from the folder parts, whatever tree has under that name."""
    sys.path[0] = tree  # in place of this file's folder
    spec = spec_from_file_location("pvdbench.bench", parts / "__init__.py", submodule_search_locations=[str(parts)])
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["pvdbench.bench"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    _use(sys.argv[1], Path(__file__).resolve().parent)
    from pvdbench.bench.worker import serve

    serve(sys.argv[2])
