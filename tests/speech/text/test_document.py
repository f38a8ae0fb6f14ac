"""The page of what is spoken of what is current."""

from .document import PAGE, page


def test_the_examples_are_what_is_spoken_today() -> None:
    """`python -m tests.speech.text.document` writes them."""
    assert PAGE.read_text(encoding="utf-8") == page()
