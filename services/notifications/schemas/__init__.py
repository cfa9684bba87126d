"""What goes in and out over HTTP: a file a noun, requests and answers together."""
