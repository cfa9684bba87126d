"""Reads, a file a noun. They change nothing, lock nothing, and open nothing that is sealed."""
