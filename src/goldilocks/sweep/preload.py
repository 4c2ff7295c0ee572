"""What every job of a sweep needs, imported once: jobs are forked from the process that has imported this.

Nothing here may start TensorFlow's runtime, CUDA, or a thread of Python's: none of them survives a fork.
"""

import gc

from goldilocks import backend  # noqa: F401, I001  First: it is quiet.
from goldilocks import average, gallery, origin, run, summary  # noqa: F401
from goldilocks.sweep import launcher, worker  # noqa: F401
from goldilocks.tracking import local  # noqa: F401
from goldilocks.training import fit  # noqa: F401

gc.freeze()  # A job's garbage collection then writes to none of these pages, and all jobs go on sharing them.
