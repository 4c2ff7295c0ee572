"""A logged model and raw input -> answers."""
