"""The catalogue: organisations, services, locations, capacity, closures and members of staff."""
