"""Predictions -> scores, intervals, paired differences: arrays in, numbers out."""
