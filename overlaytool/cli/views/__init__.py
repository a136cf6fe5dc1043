"""How results look in the terminal and as data."""
