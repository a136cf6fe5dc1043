"""audit(checkout) -> findings: one file for each subject, a class for each kind. Nothing here writes."""
