"""Commands that change the catalogue: one function each, which never commits."""
