"""Crops of single cells of one's own: how they are read."""
