"""What a protocol gives for a frame."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """PSNR in dB, SSIM, and what the protocol did to the estimate before it compared."""

    psnr_db: float
    ssim: float
    shift_y: int = 0  # whole pixels that the estimate was moved
    shift_x: int = 0
    gain: float = 1.0  # what the estimate was multiplied by
