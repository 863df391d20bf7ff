"""Ultralytics' network as a part: set-up, weights, hardware, sizes, boxes, export."""
