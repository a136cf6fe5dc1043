"""What is missing, and why."""
