"""How a frame is scored (Sec. 4.2 and 4.6); reads files only, never a network."""
