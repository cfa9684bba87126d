"""Reads: a file a noun. They change nothing."""
