"""Stage figures (rules ``draw_figure``, ``draw_gif``): pictures and GIFs, each an entry of ``paper/figures.yaml``."""
