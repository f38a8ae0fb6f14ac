"""What is said while something goes wrong: sentences of their own for each cell, all as long."""

from dataclasses import dataclass

_WHO = ("Anna", "Otto", "Lena", "Paul", "Emma", "Karl", "Rosa", "Hugo", "Ella", "Finn")
_WHAT = ("the soup", "the salt", "the bowl", "the cake", "the milk", "the rice", "the corn", "the plum", "the beet")
_WHERE = ("table", "bench", "stove", "floor", "shelf", "chair", "porch")
_LONG = " while everybody is still looking out of the window"


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """A text of four sentences, the first three of which are there before the last."""

    sentences: tuple[str, ...]
    other_sentences: tuple[str, ...]

    @classmethod
    def number(cls, number: int, *, long: bool) -> Script:
        """Return one of some hundred scripts; `long` makes it longer than what goes as one whole body."""
        return cls(sentences=_sentences(2 * number, long=long), other_sentences=_sentences(2 * number + 1, long=long))

    @property
    def text(self) -> str:
        """Return all of it."""
        return " ".join(self.sentences)

    @property
    def first(self) -> str:
        """Return what is there at first, where it is being written."""
        return " ".join(self.sentences[:3])

    @property
    def other(self) -> Script:
        """Return a script that is as long and says something else."""
        return Script(sentences=self.other_sentences, other_sentences=self.sentences)


def _sentences(number: int, *, long: bool) -> tuple[str, ...]:
    """Return sentences with a number of words' own."""
    who, what, where = _WHO[number % 10], _WHAT[number // 10 % 9], _WHERE[number // 90 % 7]
    return (
        f"{who} brings {what} to the {where}{_LONG if long else ''}.",
        f"Then comes {_WHO[(number + 3) % 10]}{_LONG if long else ''}.",
        f"Nobody has seen {_WHO[(number + 5) % 10]} today{_LONG if long else ''}.",
        f"So {_WHO[(number + 7) % 10]} eats it all alone.",
    )
