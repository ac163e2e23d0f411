"""pvdbench: the PVDNet study (Son et al., TOG 2021) as a reproducible benchmark of video deblurring.

The names below are the Python API; docs/python.md shows them at work. They are imported when they are first used, so
that a command that needs none of them starts at once.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pvdbench.api import ConfidenceInterval as ConfidenceInterval
    from pvdbench.api import LoadedMethod as LoadedMethod
    from pvdbench.api import confidence_interval as confidence_interval
    from pvdbench.api import deblur as deblur
    from pvdbench.api import estimate_flow as estimate_flow
    from pvdbench.api import load_method as load_method
    from pvdbench.api import load_study as load_study
    from pvdbench.api import read_scores as read_scores
    from pvdbench.api import score_folders as score_folders
    from pvdbench.api import score_frames as score_frames
    from pvdbench.core.errors import PvdbenchError as PvdbenchError
    from pvdbench.study.study import Study as Study

__version__ = "0.1.0"

__all__ = [
    "ConfidenceInterval",
    "LoadedMethod",
    "PvdbenchError",
    "Study",
    "confidence_interval",
    "deblur",
    "estimate_flow",
    "load_method",
    "load_study",
    "read_scores",
    "score_folders",
    "score_frames",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'pvdbench' has no attribute '{name}'")
    from pvdbench import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
