"""Phantoms: raw files drawn by a small physical model, in the laboratories' own formats, with exact truth (rule ``draw_raw``).

shapes (geometry) -> population (random cells) -> optics (image of one cell) -> scene (a recording) -> nouaman2024, naples (files) and
drawn (single cells for the drawn-cell dataset). Nothing drawn here is ever passed off as measured.
"""
