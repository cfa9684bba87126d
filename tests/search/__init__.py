"""How well the search finds: queries with what they should find, and the meter that counts."""
