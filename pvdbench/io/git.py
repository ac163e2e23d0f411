"""Git's command, asked of a repository; what it refuses becomes one line with Git's own reason."""

import subprocess
from pathlib import Path

from pvdbench.core.errors import StudyError, shorten


def git(folder: Path, *words: str) -> bytes:
    """Run `git WORDS` in a folder.

    Returns: what it prints.
    Raises:
        StudyError: if Git is not installed, does not trust the folder's owner, finds no repository, or refuses.
    """
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except OSError as error:
        raise StudyError("the command git was not found, which names the report's commit; install Git") from error
    if done.returncode:
        raise StudyError(_reason(folder.resolve(), done.stderr.decode(errors="replace")))
    return done.stdout


def _reason(folder: Path, said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no reason given"]
    if remedy := next((line for line in lines if line.startswith("git config --global --add safe.directory")), ""):
        return f"Git detected dubious ownership: this repository is another user's; if you trust it, run `{remedy}`"
    if not any((place / ".git").exists() for place in (folder, *folder.parents)):
        return (f"{folder}: not in a Git repository, so the report cannot name its commit; clone pvdbench with git, or "
                "run `git init` and commit")  # fmt: skip
    if not _has_commit(folder):
        return f"{folder}: a Git repository without a commit, which the report cannot name; commit first"
    said = shorten(lines[0].removeprefix("fatal: "), 120)
    return f"{folder}: Git refuses ({said}); mend the repository, or clone it anew"


def _has_commit(folder: Path) -> bool:
    command = ["git", "-C", str(folder), "rev-parse", "--verify", "--quiet", "HEAD"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
