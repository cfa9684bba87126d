"""The HTTP APIs, called for the member whose session it is."""
