"""Many runs of one `-m` call under one parent run."""
