"""What `luotsi doctor` looks at: databases and the work in them, keys, Redis and its streams, web processes."""
