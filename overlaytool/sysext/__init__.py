"""System extensions: look into one, and check it against the image that is to merge it."""
