"""What a job says of itself: its code's fingerprint, provenance, origin, log; imports `core` alone."""
