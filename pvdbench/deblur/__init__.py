"""PVDNet and its recurrence (Sec. 3.3)."""
