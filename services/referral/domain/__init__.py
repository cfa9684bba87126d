"""The rules of referrals as plain functions and tables: no I/O, no clock, no framework."""
