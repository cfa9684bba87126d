"""Rules of the portal as plain functions."""
