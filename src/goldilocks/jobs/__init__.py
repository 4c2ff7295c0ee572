"""Processes, their slots and the records of jobs; knows no Hydra."""
