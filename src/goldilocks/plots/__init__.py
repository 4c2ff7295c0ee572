"""Logged numbers -> matplotlib figures; one module per kind of figure, every function returns a `Figure`.

`interactive` alone draws for a browser: it returns a figure as plotly's JSON has it.

No function here judges, selects or evaluates: what is drawn was logged before. Figures are made
without pyplot and keep no global state, so any thread may draw; `style.save` writes one as a PNG
for the artifact viewer of the MLflow UI.
"""
