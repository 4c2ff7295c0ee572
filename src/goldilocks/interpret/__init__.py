"""What a trained network has learned: numbers in, numbers out; `plots` draws them.

`layer_graph` takes networks apart, however they are nested. Images are pixels from 0 to 255
everywhere.
"""
