"""Services of the catalogue: found as one types, and shown with all that an adviser needs."""
