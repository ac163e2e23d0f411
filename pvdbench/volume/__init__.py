"""The pixel volume (Sec. 3.2)."""
