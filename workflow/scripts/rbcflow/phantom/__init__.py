"""Phantoms (stage raw): files drawn by a small physical model, in the laboratories' own formats, with exact truth.

shapes, tumblers (geometry) -> population (random cells) -> optics (image of one cell) -> scene (a recording) ->
nouaman2024, naples (files) and drawn (single cells). Nothing drawn here is ever passed off as measured.
"""
