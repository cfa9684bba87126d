"""What the portal does in its own database, a function for each command; none of them commits."""
