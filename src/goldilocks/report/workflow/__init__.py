"""The report of a workflow.

results     what each step found, as it is logged
text        the terminal and Markdown
figure      losses against model sizes
page        one HTML file
log         to the workflow's run
"""
