"""What the sha256 of a file looks like where tables, manifests and settings name it."""

SHA256 = "[0-9a-f]{64}"
"""The whole of it, as a regular expression."""
