"""The only place that knows MLflow.

protocols   what every store and tracker offers: `Store` and `Tracker`
local       where the store is -> an open one; `null`: nothing is stored
database    reached, created and migrated once, movable
lifecycle   a run, from its first moment to its end
store       runs that are written, runs and models that are looked up
tracker     what a running training talks to: the tracker, which writes to the journal
journal     what was logged, on this disk
sender      entries of a journal -> the store
repair      journals of processes that are gone
query, selection, histories  runs that are searched for, and their curves
inputs      what the model of a run takes
registry    registered models, their versions and the champion
ui          the MLflow UI, opened on the page of a run
served      how MLflow loads a logged model to serve it
ledger      which final runs were evaluated on which test rows; `user_ledger`: of one's own data
page        MLflow's pages: addresses, views; `metric_names`: what stands above the curves
failures    what goes wrong -> a sentence
provenance  the code, the packages, the machine
"""

from goldilocks import prepare_environment
from goldilocks.tracking.protocols import Store, Tracker

prepare_environment()  # Before MLflow is imported.

__all__ = ["Store", "Tracker"]
