"""What the bytes of a row depend on, so that finished clips are taken over from nothing else."""

from collections.abc import Mapping
from pathlib import Path

from pvdbench.inference.handed import Contents, kept_files
from pvdbench.inference.row_run import RowRun
from pvdbench.io.checksum import file_sha256
from pvdbench.io.half_done import digest, facts_digest, program_identity
from pvdbench.methods.card import MethodCard, named_files


def row_identity(run: RowRun, card: MethodCard, weights: Mapping[str, Path], data: Contents) -> dict[str, str]:
    """Name whatever the bytes of a row's results depend on, each by a checksum or as it is.

    Args:
        weights: name to file.
        data: the content of the data set.
    """
    options = card.options if run.options is None else run.options
    method = run.methods / run.method
    lender = kept_files((method / card.adapter).parent)
    named = facts_digest(named_files(method, card))
    return program_identity() | {
        "the data set": data.digest,
        "the weights": digest([(name, _content(path)) for name, path in sorted(weights.items())]),
        "the method": digest([run.task, run.method, card.model_dump_json(), sorted(lender.items()), named]),
        "its options": digest(sorted(options.items())),
        "the record of its code": file_sha256(run.code) if run.code is not None and run.code.is_file() else "",
        "threads": str(run.threads),
    }


def _content(path: Path) -> str:
    """Hash a file, or a folder's files with their names."""
    if path.is_dir():
        return digest([(str(file), file_sha256(file)) for file in sorted(path.rglob("*")) if file.is_file()])
    return file_sha256(path) if path.is_file() else ""
