"""Where data comes from: downloads, wheels, archives, and the cache of prepared arrays."""
