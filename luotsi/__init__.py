"""The operator's command line: run, seed, inspect and administer the platform."""
