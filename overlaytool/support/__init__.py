"""What is nobody's own."""
