"""Logged numbers -> figures."""
