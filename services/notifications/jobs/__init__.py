"""What the worker does by itself: the delivery queue."""
