"""What every HTTP process has in common."""
