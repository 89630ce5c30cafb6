"""Two people's changes to the same fields: nothing that was typed is dropped, nothing of the other is undone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsdesk.screens.frame.merging import meet

FIELDS = ("name", "line1", "city")
texts = st.fixed_dictionaries({name: st.sampled_from(("", "a", "b", "c")) for name in FIELDS})


@given(was=texts, theirs=texts, mine=texts)
def test_what_i_typed_stands_and_what_only_they_changed_stands_too(
    was: dict[str, str], theirs: dict[str, str], mine: dict[str, str]
) -> None:
    meeting = meet(was, theirs, mine)
    for name in FIELDS:
        if mine[name] != was[name]:
            assert meeting.merged[name] == mine[name]
        else:
            assert meeting.merged[name] == theirs[name]


@given(was=texts, theirs=texts, mine=texts)
def test_a_person_is_asked_where_both_wrote_something_else(
    was: dict[str, str], theirs: dict[str, str], mine: dict[str, str]
) -> None:
    meeting = meet(was, theirs, mine)
    expected = [name for name in FIELDS if len({was[name], theirs[name], mine[name]}) == 3]
    assert sorted(meeting.both) == sorted(expected)
    assert set(meeting.both) <= set(meeting.theirs)


def test_the_same_correction_by_both_is_no_question() -> None:
    meeting = meet({"city": "Bremn"}, {"city": "Bremen"}, {"city": "Bremen"})
    assert (meeting.both, meeting.theirs) == ((), ("city",))
