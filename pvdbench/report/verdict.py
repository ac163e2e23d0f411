"""The verdict of `pvdbench verify` on a study, as it is kept and as the report says it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pvdbench.core.json_file import parse_json
from pvdbench.core.whole_file import read_bytes
from pvdbench.io.atomic import replaced_file
from pvdbench.study.contents import file_md5

_VERDICT = Path("data") / "logs" / "verified.json"
"""Beside what DVC and Git keep: it has a date, which no two machines share."""


@dataclass(frozen=True)
class Verdict:
    """What a run of `pvdbench verify` found.

    Attributes:
        commit: of Git, at that time.
        date: of UTC, such as 2026-01-31.
        lock: hash of the dvc.lock that it is about.
        frames: scored again in each row; None for all.
        differences: how many; 0 is equal.
        first: the first one, with its size and origin.
    """

    commit: str
    date: str
    lock: str
    frames: int | None
    differences: int
    first: str = ""

    def __str__(self) -> str:
        """Say it as the report does."""
        scope = "every frame" if self.frames is None else f"{self.frames} frames a row"
        found = "equal" if not self.differences else f"{self.differences} differences, the first: {self.first}"
        return f"verified on {self.date} at {self.commit[:12]}: {found} ({scope} scored again)"


def write_verdict(study: Path, verdict: Verdict) -> None:
    """Keep a verdict, in place of the last one.

    Raises:
        WriteError: if it cannot be written.
    """
    with replaced_file(study / _VERDICT) as partial:
        partial.write_text(json.dumps(asdict(verdict), indent=1) + "\n", encoding="utf-8")


def read_verdict(study: Path) -> str:
    """The last verdict in words; that there is none, or none of what the study holds now, where it is so."""
    try:
        verdict = parse_json(read_bytes(study / _VERDICT), Verdict)
    except (OSError, ValueError):
        return "not verified: pvdbench verify derives every number again"
    if verdict.lock != lock_md5(study):
        return f"not verified since the study ran again; before, {verdict}"
    return str(verdict)


def lock_md5(study: Path) -> str:
    """The hash of dvc.lock, by which a verdict knows what it was about."""
    path = study / "dvc.lock"
    return file_md5(path) if path.is_file() else ""
