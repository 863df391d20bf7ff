"""A user's own recordings: boxes on every frame, cells linked over frames, what they say, and whether to trust it."""
