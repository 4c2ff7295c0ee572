"""The report of a workflow.

results     what each step found, as it is logged
text        the terminal and Markdown
log         to the workflow's run, with a picture of losses against model sizes
page        one HTML file
"""
