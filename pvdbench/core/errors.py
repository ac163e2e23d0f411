"""The one tree of errors: each message is one line that says what is wrong, where, and what to do."""

from collections.abc import Iterable

LONGEST = 299
"""Characters of the line that the command prints, `pvdbench: ` included."""
_END = 80  # of them for the end, which says what to do
_PREFIX = len("pvdbench: ")


class PvdbenchError(Exception):
    """Anything that a user can mend; the command prints it as one line and exits with 2."""

    def __str__(self) -> str:
        """The message on one line of less than 300 characters, however long a name is that it repeats."""
        return one_line(super().__str__(), LONGEST - _PREFIX)


class ParamsError(PvdbenchError):
    """params.yaml or method.yaml holds a key or a value that is not understood."""


class StudyError(PvdbenchError):
    """The command was started where no study can run (outside its repository, say)."""


class DataError(PvdbenchError):
    """A data set, a frame, a flow or a score file is missing, damaged or of another size."""


class MethodError(PvdbenchError):
    """A method is not there or breaks the contract."""


class WeightsError(PvdbenchError):
    """A weights file is missing, damaged or belongs to another network."""


class WriteError(PvdbenchError):
    """An output could not be written; what was there before is intact."""


class EntryPointError(PvdbenchError):
    """Two installed packages register one name, or what one registers breaks its contract."""


def one_line(message: str, most: int = LONGEST) -> str:
    """Put a message on one line of at most so many characters, whatever values it repeats; the middle is cut."""
    line = " ".join(part.strip() for part in message.splitlines() if part.strip())
    line = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
    return line if len(line) <= most else f"{line[: most - _END - 3]}...{line[-_END:]}"


def shorten(said: object, most: int = 100) -> str:
    """Make one short line of what a library or a file says, so that a message stays one line."""
    text = " ".join(str(said).split())
    return text if len(text) <= most else f"{text[: most - 3]}..."


def choices(names: Iterable[str], most: int = 160) -> str:
    """Join the names that may be chosen from, as many as fit a message."""
    known = list(names)
    shown = len(known)
    while shown > 1 and len(", ".join(known[:shown])) > most:
        shown -= 1
    return ", ".join(known[:shown]) + (f" and {len(known) - shown} more" if shown < len(known) else "") or "none"
