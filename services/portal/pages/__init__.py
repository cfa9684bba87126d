"""Routes that answer pages: a file or folder an area."""
