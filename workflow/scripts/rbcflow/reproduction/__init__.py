"""Whether this machine draws what is committed: fingerprints over decoded pixels, stage by stage."""
