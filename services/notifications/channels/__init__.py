"""Channels: how notices leave the platform. A file for each, listed in `registry.py`."""
