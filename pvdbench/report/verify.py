"""Whether every number that a study shows can be derived again, from its files to its tables."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pvdbench.core.errors import PvdbenchError, shorten
from pvdbench.core.executor import Jobs
from pvdbench.io.git import git
from pvdbench.report.outputs import changed_outputs
from pvdbench.report.verdict import Verdict, lock_md5, write_verdict
from pvdbench.study.code_records import FindCommand
from pvdbench.study.contents import listing
from pvdbench.study.distance import distance
from pvdbench.study.study import Study
from pvdbench.study.verify import Difference, Origin, check_study
from pvdbench.tables.build import build_tables


def verify(study: Study, find_command: FindCommand, *, sample: int | None = None, jobs: Jobs = 1) -> list[Difference]:
    """Derive every number again, and keep the verdict for the report.

    Args:
        sample: how many frames of each row to score; None for all.

    Returns: what differs, in the order in which a study is made; empty where all is equal.
    Raises:
        StudyError: if dvc.lock is missing or damaged, or Git has no commit.
        WriteError: if the verdict cannot be written.
    """
    commit = git(study.root, "rev-parse", "HEAD").decode().strip()
    found = check_study(study, find_command, sample=sample, jobs=jobs)
    found += _tables(study, found)
    found += [Difference("tables", path, "it is not as `pvdbench report` wrote it; run that again")
              for path in changed_outputs(study.folder / "reports")]  # fmt: skip
    first = shorten(found[0], 300) if found else ""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    write_verdict(study.folder, Verdict(commit, day, lock_md5(study.folder), sample, len(found), first))
    return found


def _tables(study: Study, found: list[Difference]) -> list[Difference]:
    """Build the tables again in another folder, from the study's own scores."""
    params = study.params
    with TemporaryDirectory() as name:
        again = Path(name)
        (again / "data").symlink_to((study.folder / "data").resolve())
        try:
            build_tables(again, study.root, datasets=params.datasets.test, params=params.tables,
                         ranking=params.protocols.ranking, bounds=study.upper_bounds)  # fmt: skip
        except PvdbenchError as error:
            path = study.folder / "reports" / "tables"
            return [Difference(_origin(path, found), path, f"the tables cannot be built again: {error}")]
        return [
            Difference(_origin(path, found), path, f"built again, {what}")
            for part in ("reports/tables", "reports/metrics.json")
            for path, what in _differing(study.folder / part, again / part)
        ]


def _differing(before: Path, now: Path) -> list[tuple[Path, str]]:
    """The files of two folders, or two files, that differ, and by how much; the paths are those of before."""
    old, new = listing(before), listing(now)
    return [
        (before / name if name else before,
         "it is not there" if name not in old else "it is not made" if name not in new else
         distance(before / name, now / name).said)
        for name in sorted({*old, *new}) if old.get(name) != new.get(name)
    ]  # fmt: skip


def _origin(path: Path, found: list[Difference]) -> Origin:
    """Its own, if the table itself was changed, else that of the first thing which was."""
    if any(difference.path == path for difference in found):
        return "tables"
    return found[0].origin if found else "arithmetic"
