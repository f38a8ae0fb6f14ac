"""Texts: different sentences for each cell, with equal lengths."""

from dataclasses import dataclass

_WHO = ("Anna", "Otto", "Lena", "Paul", "Emma", "Karl", "Rosa", "Hugo", "Ella", "Finn")
_WHAT = ("the soup", "the salt", "the bowl", "the cake", "the milk", "the rice", "the corn", "the plum", "the beet")
_WHERE = ("table", "bench", "stove", "floor", "shelf", "chair", "porch")
_LONG = " while everybody is still looking out of the window"


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """A text of four sentences; when streamed, three arrive before the last one."""

    sentences: tuple[str, ...]
    other_sentences: tuple[str, ...]

    @classmethod
    def number(cls, number: int, *, long: bool) -> Script:
        """Return one of some hundred texts; `long` makes it too long for one REST request."""
        return cls(sentences=_sentences(2 * number, long=long), other_sentences=_sentences(2 * number + 1, long=long))

    @property
    def text(self) -> str:
        """Return the complete text."""
        return " ".join(self.sentences)

    @property
    def first(self) -> str:
        """Return the part that arrives first when streamed."""
        return " ".join(self.sentences[:3])

    @property
    def other(self) -> Script:
        """Return another text of the same length."""
        return Script(sentences=self.other_sentences, other_sentences=self.sentences)


def _sentences(number: int, *, long: bool) -> tuple[str, ...]:
    """Return sentences for a number."""
    who, what, where = _WHO[number % 10], _WHAT[number // 10 % 9], _WHERE[number // 90 % 7]
    return (
        f"{who} brings {what} to the {where}{_LONG if long else ''}.",
        f"Then comes {_WHO[(number + 3) % 10]}{_LONG if long else ''}.",
        f"Nobody has seen {_WHO[(number + 5) % 10]} today{_LONG if long else ''}.",
        f"So {_WHO[(number + 7) % 10]} eats it all alone.",
    )
