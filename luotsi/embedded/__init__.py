"""PostgreSQL and Valkey out of wheels, run as ordinary supervised processes."""
