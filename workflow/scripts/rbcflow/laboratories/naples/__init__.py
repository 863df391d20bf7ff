"""Laboratory naples: how its files are read and simulated."""
