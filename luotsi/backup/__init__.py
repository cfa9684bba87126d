"""Backups: made, sealed for those who may read them, verified, kept for a while, and the ledger beside them."""
