"""The steps of the universal workflow, a module each."""
