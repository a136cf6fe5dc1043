"""One file for each command: it builds the objects and calls the workflow of the same name."""
