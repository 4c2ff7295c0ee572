"""The results of a workflow's steps -> its story and its page."""
