"""A repository, its head, transfers, shallow clones: all that knows a git command line."""
