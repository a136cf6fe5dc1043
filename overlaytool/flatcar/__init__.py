"""A flatcar/scripts checkout, old and new: where things are and how its files are edited."""
