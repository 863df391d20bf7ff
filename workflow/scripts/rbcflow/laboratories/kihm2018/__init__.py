"""Laboratory kihm2018: how its files are read and simulated."""
