"""A service of tests that serves a page, and has no stream and no worker."""
