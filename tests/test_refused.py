import dataclasses

import pytest

from composition import checked
from goldilocks.errors import ConfigError
from goldilocks.workflow import refused


def test_an_option_of_ones_own_that_monitors_another_value_is_refused():
    settings = checked("dataset=boston")
    refused.check(settings)
    trainer = {**settings.tree["trainer"], "monitor": "val_mae"}
    own = dataclasses.replace(settings, tree={**settings.tree, "trainer": trainer})
    with pytest.raises(ConfigError, match=r"trainer\.monitor is given; workflow\.py decides it"):
        refused.check(own)
