"""Stage ``segmentation``: networks that segment cells, trained on pictures simulated for practice.

practice (pictures and labels) -> unet (foreground) and flows (the network inside Cellpose). The recordings that a
network is evaluated on are sampled with another seed, so no picture is both learned from and evaluated on.
"""
