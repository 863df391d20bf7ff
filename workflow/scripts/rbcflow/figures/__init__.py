"""Stage figures (rules ``draw_<per>``, ``draw_figure``): pictures and GIFs, each an entry of ``paper/figures.yaml``."""
