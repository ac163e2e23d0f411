"""Videos: their film, read frame by frame, and the same film written with its times, sound, colours and orientation."""
