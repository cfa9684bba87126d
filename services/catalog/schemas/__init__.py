"""What goes in and out over HTTP, and the data file for seeding: a file a noun, requests and answers together."""
