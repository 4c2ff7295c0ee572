from composition import FILES
from goldilocks.config.comments import read

FILE = """\
# What it is,
# on two lines.
defaults:
  - none

_target_: goldilocks.x
# Above, and
# longer.
first: 1
second: '#' # behind it
group:
  third: [a, b] # nested: with a colon
last: 2
"""


def test_comments_stand_behind_keys_and_above_them(tmp_path):
    file = tmp_path / "option.yaml"
    file.write_text(FILE)
    comments = read(file)
    assert comments.option == "What it is, on two lines."
    assert comments.keys == {
        "defaults": "",
        "_target_": "",
        "first": "Above, and longer.",
        "second": "behind it",
        "group": "",
        "group.third": "nested: with a colon",
        "last": "",
    }


def test_a_key_that_is_inherited_has_the_comment_of_the_other_file():
    assert FILES.comments("regularizer", "l2").keys["l2"].startswith("weight of the sum of squared")
    assert FILES.comments("optimizer", "adamw").keys["learning_rate"].startswith("step size")
