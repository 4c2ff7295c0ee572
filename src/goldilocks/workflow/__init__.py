"""The universal workflow: a data set goes from nothing to one tested model, step by step, each with a gate.

Source: Chollet, Deep Learning with Python (2017), section 4.5, "The universal workflow of machine
    learning".

refused     what a workflow cannot be asked for
conduct     all steps, from the first to the last whose gate opens
steps       a module each: define, baseline, power, scale, tune, final, register
model_sizes the sizes of each model
search      the trials of the step tune
runner      candidates -> trained runs, each in a process of its own
state       what steps share and find
budget      what may be spent
"""
