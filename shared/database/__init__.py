"""Connections and transactions, the backbone's tables, migrations, outages."""
