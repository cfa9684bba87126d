"""What the portal's worker does by itself."""
