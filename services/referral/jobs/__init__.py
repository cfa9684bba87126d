"""What the worker does by itself: deadlines, seals, statistics."""
