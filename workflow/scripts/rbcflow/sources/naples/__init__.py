"""Laboratory naples: how its files are read and drawn."""
