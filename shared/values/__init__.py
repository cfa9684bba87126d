"""What people type: text, names, addresses, numbers and days, cleaned and checked alike in every service."""
