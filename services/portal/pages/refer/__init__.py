"""Referring on one page: who, what for, what allows it, send. A draft is kept from the first field on."""
