"""Stored runs -> tables and HTML pages."""
