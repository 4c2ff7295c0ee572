"""Optuna: search spaces, trials and pruning; knows no Hydra."""
