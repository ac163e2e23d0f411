"""Which code each row of a study runs: a fingerprint a row, so that an edited method re-runs its own rows alone."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pvdbench.contract.card import read_card
from pvdbench.core.files import replaced_folder


def record_methods(rows: Mapping[str, str], methods: Path, out: Path) -> None:
    """Write out/ROW.json for every row: its method, the method's card and the SHA-256 of its files.

    Args:
        rows: "motion/NAME" or "deblur/NAME" to method name.
        methods: the folder of methods.

    Raises:
        MethodError: if a method is not there.
        ParamsError: if a method.yaml has an unknown key or a wrong type.
    """
    with replaced_folder(out) as folder:
        for row, name in rows.items():
            card = read_card(methods, name).model_dump()
            record = {"method": name, "card": card, "files": _hashes(methods / name)}
            (folder / row).parent.mkdir(exist_ok=True)
            (folder / f"{row}.json").write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


def _hashes(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
