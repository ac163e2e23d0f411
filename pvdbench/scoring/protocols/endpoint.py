"""Endpoint errors of optical flow (Table 1's data sets with true flow): the distance to the true flow, in pixels."""

import math

from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.metrics.flow import distances
from pvdbench.scoring.protocol import EPE, VISIBLE_EPE, Protocol, Scores


def endpoint(pair: FramePair) -> Scores:
    """Average the distance to the true flow, over all pixels and over those that both frames show.

    Returns: nothing where no true flow is known; NaN for the second where no pixel is seen in both.
    """
    if pair.flow is None or pair.true_flow is None or pair.occluded is None:
        return {}
    distance = distances(pair.flow, pair.true_flow)
    visible = distance[~pair.occluded]
    return {"epe_px": float(distance.mean()), "epe_visible_px": float(visible.mean()) if visible.size else math.nan}


PROTOCOLS = (
    Protocol("endpoint", "distance of the flow to the true flow; frames whose true flow is known",
             "Baker et al., IJCV 2011 (Middlebury)", (EPE, VISIBLE_EPE), endpoint, tasks=frozenset(("motion",)),
             any_frames=False),
)  # fmt: skip
