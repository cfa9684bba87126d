"""Running the platform's processes on one machine, and what that takes."""
