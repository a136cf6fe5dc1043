"""What several rooms use and no room owns: programs, files, locks, wording."""
