"""Frames to scores: protocols, metrics, folders, data sets (Sec. 4.2, 4.4 and 4.6)."""
