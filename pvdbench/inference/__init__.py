"""A method run over clips, folders and videos: frames, flow and what they cost."""
