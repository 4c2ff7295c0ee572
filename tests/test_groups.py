from hypothesis import given
from hypothesis import strategies as st

from goldilocks.jobs.groups import FEWEST, shares

KINDS = st.lists(st.sampled_from("abcd"), max_size=60)


@given(KINDS, st.integers(1, 5))
def test_every_job_is_in_one_share_and_no_share_is_much_larger(kinds, slots):
    divided = shares(kinds, slots=slots)
    assert sorted(position for share in divided for position in share) == list(range(len(kinds)))
    assert all(share == sorted(share) for share in divided)
    assert len(divided) <= slots
    assert all(len(share) <= max(FEWEST, -(-len(kinds) // slots)) for share in divided)


def test_jobs_of_one_kind_are_together():
    kinds = ["small", "large"] * 6
    assert [{kinds[position] for position in share} for share in shares(kinds, slots=2)] == [
        {"small"},
        {"large"},
    ]
