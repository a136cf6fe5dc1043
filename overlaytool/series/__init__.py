"""Commits, patches, pull request: the only room that writes git objects."""
