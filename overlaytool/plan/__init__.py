"""What an answer does to a checkout."""
