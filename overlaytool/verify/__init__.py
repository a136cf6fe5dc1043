"""Proof of a plan by Portage's own resolver."""
