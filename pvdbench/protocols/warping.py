"""Scores of motion estimation: warped sharp frames (Table 1), and endpoint errors where the true flow is known."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pvdbench.core.errors import DataError
from pvdbench.core.failure import read_failure
from pvdbench.core.flow_files import Flow, read_flow
from pvdbench.core.images import read_mask
from pvdbench.core.records import FLOW_SCORES, write_table
from pvdbench.datasets.manifest import FrameFiles
from pvdbench.protocols.clips import score_clips
from pvdbench.protocols.endpoint import distances
from pvdbench.protocols.parallel import Jobs
from pvdbench.protocols.similarity import Values

ERRORS = ("epe_px", "epe_visible_px")


def score_warping(
    dataset_folder: Path, flow: Path, out: Path, *, dataset: str, method: str, protocols: Sequence[str],
    ranking: str = "plain-rgb", jobs: Jobs = 1,
) -> None:  # fmt: skip
    """Score flow/VIDEO/FRAME.png against the sharp test frames and FRAME.flo against the true flow (FLOW_SCORES).

    FRAME.png is the sharp frame before, warped; a clip's first frame has none. A row whose method failed has no
    flow, and a table without rows.

    Raises:
        DataError: if a file is missing, damaged or of another size.
        ParamsError: if there is no protocol of a name.
    """
    scored = () if read_failure(flow) else score_clips(
        dataset_folder, flow, dataset=dataset, method=method, protocols=protocols, ranking=ranking, first=1, jobs=jobs
    )  # fmt: skip
    rows = []
    for of_frame, job in scored:
        errors = dict(zip(ERRORS, _endpoint_errors(job.estimate.with_suffix(".flo"), job.files), strict=True))
        rows += [row | errors for row in of_frame]
    write_table(out, pd.DataFrame(rows, columns=list(FLOW_SCORES)), FLOW_SCORES)


def _endpoint_errors(path: Path, frame: FrameFiles) -> tuple[float, float]:
    """Mean distance to the true flow in pixels, over all pixels and over those seen in both frames."""
    if frame.flow is None or frame.occlusion is None:
        return float("nan"), float("nan")
    distance = endpoint_error(read_flow(path), read_flow(frame.flow), path)
    visible = ~read_mask(frame.occlusion)
    return float(distance.mean()), float(distance[visible].mean()) if visible.any() else float("nan")


def endpoint_error(estimate: Flow, truth: Flow, path: Path) -> Values:
    """(H, W) distances in pixels.

    Raises:
        DataError: naming path, if the sizes differ.
    """
    if estimate.shape != truth.shape:
        expected, got = (f"{flow.shape[1]}x{flow.shape[0]}" for flow in (truth, estimate))
        raise DataError(f"{path}: expected {expected}, got {got}; make it again")
    return distances(estimate, truth)
