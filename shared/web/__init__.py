"""What web processes have in common: the base of each, and the HTTP API on it."""
