"""Commands, one function each: load, decide, record. Also showing client data, which is recorded. None commits."""
