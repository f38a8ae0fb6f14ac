"""The version of the text rules, by which caches know speech that is out of date."""

from dataclasses import replace

from custom_components.streaming_tts.speech.text.buffer import RULES_VERSION

from .rules_version import current, noted


def test_what_is_spoken_changes_only_with_the_version_of_the_rules() -> None:
    """Raise `RULES_VERSION`, then run `python -m tests.speech.text.rules_version`."""
    assert noted().unannounced(current()) == []


def test_what_is_noted_is_of_all_cases_and_of_the_current_version() -> None:
    """`python -m tests.speech.text.rules_version` notes cases that are new."""
    now = current()
    assert noted().version == RULES_VERSION
    assert noted().spoken == now.spoken


def test_a_case_that_is_spoken_otherwise_needs_a_higher_version() -> None:
    """Cases that are new or gone need none."""
    before = noted()
    first, *others = before.spoken
    changed = replace(before, spoken={**before.spoken, first: "otherwise"})
    assert before.unannounced(changed) == [first]
    assert before.unannounced(replace(changed, version=before.version + 1)) == []
    assert (
        before.unannounced(replace(before, spoken={"new": "new"} | {case: before.spoken[case] for case in others}))
        == []
    )
