"""Stage ``cells``: single cells with masks and classes, and how each of them was cut out or why it was dropped.

``bank`` is the format; every other module yields ``bank.Cell`` objects of one method.
"""
