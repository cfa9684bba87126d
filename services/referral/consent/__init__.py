"""Legal bases: the statutes to choose from, and the texts that a client is given before consenting."""
