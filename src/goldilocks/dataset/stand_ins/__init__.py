"""Data that we draw ourselves, from a seed."""
