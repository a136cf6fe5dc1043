"""Look into disk images without root and without a mount: partitions, file systems, verity, reports, diff."""
