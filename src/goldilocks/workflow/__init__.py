"""The universal workflow: from a data set to one tested model, in steps, each with a gate.

Source: Chollet, Deep Learning with Python (2017), section 4.5, "The universal workflow of machine
    learning".

refused       what a workflow cannot be asked for
conduct       all steps, from the first to the last whose gate opens
steps         a module each: define, baseline, power, scale, tune, final, register
context       what every step needs; candidates -> trained runs, each in a process of its own
candidate     what may be trained, and what a training of it reached
references    the scikit-learn model that the winner is compared with
model_sizes   the sizes of each model
second_model  a model of another kind beside them
features      what may be made of columns and the target, tried before the search
search        the trials of the step tune, over a search_space
contest       the candidates of that step beside the winner
budget        what may be spent
resume        what an interrupted workflow goes on from
tables        candidates as rows of tables
next_steps    what to try afterwards
"""
