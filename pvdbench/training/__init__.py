"""Training of BIMNet and PVDNet (Sec. 3.1, 3.3 and 4.1)."""
