"""The second frame of a clip with what protocols may ask for: the frame before it, and flow where motion is scored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pvdbench.bench.inputs import estimate_of, sharp_frames
from pvdbench.io.flow import Flow
from pvdbench.io.images import Frame
from pvdbench.scoring.frame_pair import FramePair


@dataclass(frozen=True)
class Known:
    """What is known of the second frame, made once and scored often; flow leads to the first frame."""

    first: tuple[Frame, Frame]
    second: tuple[Frame, Frame]
    flow: Flow
    true_flow: Flow
    occluded: NDArray[np.bool_]


def known(width: int, height: int) -> Known:
    """Make two frames that move by a pixel, their noisy estimates, and the true flow with and without noise."""
    first, second = sharp_frames(width, height, 2)
    true_flow = np.tile(np.array([-1, 0], np.float32), (height, width, 1))
    flow = true_flow + np.random.default_rng(0).normal(0, 1, true_flow.shape).astype(np.float32)
    return Known((estimate_of(first, 2), first), (estimate_of(second, 1), second), flow, true_flow,
                 np.zeros((height, width), bool))  # fmt: skip


class SecondFrame(FramePair):
    """A pair of which nothing is computed yet."""

    def __init__(self, known: Known, *, motion: bool) -> None:
        """Take the frames.

        Args:
            motion: whether a row estimates motion, so that there are flows.
        """
        super().__init__(*known.second)
        self._known, self._motion = known, motion

    @property
    def before(self) -> FramePair | None:
        """The first frame."""
        return FramePair(*self._known.first)

    @property
    def flow(self) -> Flow | None:
        """What the row estimated."""
        return self._known.flow if self._motion else None

    @property
    def true_flow(self) -> Flow | None:
        """What is true."""
        return self._known.true_flow if self._motion else None

    @property
    def occluded(self) -> NDArray[np.bool_] | None:
        """Nothing of the frame."""
        return self._known.occluded if self._motion else None
