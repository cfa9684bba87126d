"""The day's work of a desk: its queues, answers to many at once, handing over, and whether there is room."""
