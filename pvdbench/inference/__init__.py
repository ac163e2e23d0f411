"""Run a method over clips, folders, videos and arrays: frames, flow and what they cost."""
