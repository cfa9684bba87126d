"""A service of tests that reads the catalogue's stream, and writes none."""
