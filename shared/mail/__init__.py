"""How mail leaves the platform: addresses, a mail server, or files where there is none."""
