"""People's own files -> rows, targets and features."""
