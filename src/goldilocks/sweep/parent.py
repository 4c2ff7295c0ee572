"""x."""

from hydra.experimental.callback import Callback


class Parent(Callback):
    pass
