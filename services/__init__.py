"""The services. They never import each other; all that passes between them is events."""
