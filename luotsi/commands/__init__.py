"""The commands of `luotsi`: a file for each that takes more than a few lines, or for each group of them."""
