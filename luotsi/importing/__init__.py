"""Organisations and members of staff out of CSV files, as spreadsheet programs write them."""
