"""`luotsi retention`: what was kept long enough, register by register, and taking it away."""

from luotsi.retention.command import retention

__all__ = ["retention"]
