"""Ways out of the portal: mail, which it sends itself."""
