"""Checks of a data set, each a rule that yields sentences for the findings."""
