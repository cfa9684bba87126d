"""Upgrades: a backup before tables change, a rehearsal on a copy, and the way back."""
