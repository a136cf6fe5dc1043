"""Start an image in a virtual machine, wait for it, run commands in it, end it."""
