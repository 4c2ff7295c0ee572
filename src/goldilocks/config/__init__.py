"""Overrides -> settings: composed by Hydra, checked, resolved, fingerprinted."""
