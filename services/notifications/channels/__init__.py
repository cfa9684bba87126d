"""The ways on which notices leave the platform: a file a channel, listed in `registry.py`."""
