"""What a protocol gives for a frame."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """PSNR in dB, SSIM, and what the protocol did to the estimate before it compared.

    psnr_db is infinite where estimate and truth are equal, ssim NaN where a protocol has none.
    """

    psnr_db: float
    ssim: float
    shift_y: float = 0.0  # pixels that the estimate was moved
    shift_x: float = 0.0
    gain: float = 1.0  # what the estimate was multiplied by
