"""Bytes, staging, work tree, journal: the only room that writes a checkout."""
