"""The one tree of errors: each message says what was expected, what came and what to do."""


class PvdbenchError(Exception):
    """Anything that a user can mend; the command prints it as one line and exits 2."""


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
    """Two installed packages register one name."""
