"""Reads of the portal's own database."""
