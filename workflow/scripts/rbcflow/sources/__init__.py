"""Stage ``raw``: one reader per laboratory layout, on top of readers for videos, TIFF stacks, pictures and annotations.

A layout module offers ``recordings(folder)``, ``read(folder, recording)`` (frames, lazily) and ``bad_files(folder)``
(all of them at once).
"""
