"""The ways by which a notice leaves the platform."""
