"""Reads, a file a noun. They change nothing, open nothing that is sealed, lock rows only where they say so."""
