"""From a plan to files and commits."""
