"""Recordings of one's own, from a sheet to boxes, cells and a verdict on them (`docs/recordings.md`)."""
