"""Running a method over clips: frames, flow, warped frames and milliseconds on disk."""
