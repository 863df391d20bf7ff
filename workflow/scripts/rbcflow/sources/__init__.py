"""Stage ``raw``: readers for videos, TIFF stacks, pictures and annotations, and all layouts by name.

A layout's reader offers ``recordings(folder)``, ``read(folder, recording)`` (frames, lazily) and ``bad_files(folder)``
(all of them at once), and ``OF_CROPS`` where recordings are folders of single cells. ``laboratory`` says what a
laboratory is, and where the parts of one from outside the package lie.
"""
