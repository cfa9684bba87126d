"""What the service does, one function a use case: load, decide, record. Nothing here commits."""
