"""What a trained network has learned: numbers in, numbers out; `plots` draws them.

Networks are taken apart by `opened`, whatever they are nested in. Images are pixels from 0 to 255
everywhere.
"""
