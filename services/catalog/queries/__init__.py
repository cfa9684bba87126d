"""Reading the catalogue; nothing here writes."""
