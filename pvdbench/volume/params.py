"""How a match between pixels is read."""

from typing import Literal

Coordinates = Literal["truncate", "round", "bilinear"]
"""The authors' code truncates towards zero; the paper does not say. bilinear is ours: the only one through which a
deblurring loss reaches the flow (MC_e2e+PV of Table 2)."""
