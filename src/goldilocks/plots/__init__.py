"""Logged numbers -> matplotlib figures; one module per kind of figure.

Every function returns a `Figure`; `interactive` alone makes what a browser draws.

No function here computes a score, selects or evaluates: what is drawn was logged before. Figures
are made without pyplot and keep no global state, so any thread may draw; `style.save` writes one as
a PNG for the artifact viewer of the MLflow UI.
"""
