"""Restoring: a backup into its databases, then what makes the services agree again; nobody is told twice."""
