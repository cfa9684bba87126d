"""Running the platform's processes on one machine: what is run, its files, keys and addresses."""
