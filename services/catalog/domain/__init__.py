"""The rules of the catalogue as plain functions and tables: no I/O, no clock, no framework."""
