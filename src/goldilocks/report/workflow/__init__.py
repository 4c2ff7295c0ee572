"""The report of a workflow.

content     what it says, as it is logged
text        the terminal and Markdown
figure      losses against model sizes
page        one HTML file
log         to the workflow's run
"""
