"""One run, top to bottom; folds and repeats, cache and test ledger."""
