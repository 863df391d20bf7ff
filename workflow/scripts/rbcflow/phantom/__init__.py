"""Phantoms (stage raw): files simulated by a small physical model, in the laboratories' own formats, with exact truth.

shapes, tumblers (geometry) -> population (random cells) -> optics (image of one cell) -> scene (a recording) ->
nouaman2024, naples (recordings) and single (cells). Nothing simulated here is ever passed off as measured.
"""
