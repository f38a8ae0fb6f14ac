"""The texts. Each is new, so that no engine has cached it, and always has the same length."""

NAMES = (
    *("Alice", "Bruno", "Carla", "David", "Emily", "Felix", "Grace", "Henry", "Irene", "James", "Kevin", "Laura"),
    *("Maria", "Nadia", "Oscar", "Peter", "Quinn", "Roger", "Sarah", "Tania", "Ulric", "Vikki", "Wanda", "Yusuf"),
)

_OPENING = "The flat of {a} and {b} has been wide open since half past seven."
_LONG_OPENING = "The door of the garage that {a} and {b} share, which is the one beside the old oak tree, has been open since eleven."  # noqa: E501
_SENTENCES = (
    "The heating in the living room was turned down at ten, and {a} asked that it stays so until the evening.",
    "There are two windows open upstairs, one in the room of {b} and one in the bath.",
    "The washing machine finished at half past nine, but nobody has taken the laundry out, so {a} may want to look.",
    "A parcel for {b} was left with the neighbours on the other side of the street.",
    "The sun sets at twenty past five, and the lamps in the garden will be lit by then if {a} does not mind.",
    "Rain is expected from about three o'clock on, heavy at first and then lighter towards the night, says {b}.",
    "The car is charged to four fifths, which {a} needs for the way to town and back.",
    "The vacuum cleaner is stuck under the sofa again, where {b} found it the last time, and asks to be helped out.",
    "The milk, the bread and the coffee are on the list that {a} sent this morning.",
    "The alarm is set for half past six tomorrow, as {b} has to catch the early train, and for eight on Sunday.",
    "The battery of the sensor in the cellar is low, so {a} should bring two new ones.",
    "The music in the kitchen has been playing since noon, and nobody but {b} seems to have been there in all that time.",  # noqa: E501
    "That is all for now, {a}.",
)
_LAST = (
    "So it is, so it stays, and so it will be for {a} and {b} and for all who come home to this house this evening, "
    "however late they are and whatever they have been told before they left"
)
_EARLY = "{a} and {b}, let me see."
_GREETING = "Hi {a}, hi {b}."


def _named(text: str, number: int) -> str:
    """Return a text with two names that no other number of the same day has."""
    return text.format(a=NAMES[number % len(NAMES)], b=NAMES[number // len(NAMES) % len(NAMES)])


def _of_length(opening: str, length: int, number: int) -> str:
    """Return sentences of a total length; the last one is cut to fit."""
    text = _named(opening, number)
    for sentence in (_named(sentence, number) for sentence in _SENTENCES * 2):
        if len(text) + len(sentence) + 1 > length - 30:
            break
        text = f"{text} {sentence}"
    return f"{text} {_named(_LAST, number)[: length - len(text) - 2].strip().ljust(length - len(text) - 2, 's')}."


def announcement(number: int) -> str:
    """Return 40 characters."""
    return _named("{a} and {b} are waiting at the door.", number)


def answer(number: int) -> str:
    """Return 1,200 characters whose first sentence has 69 and no clause."""
    return _of_length(_OPENING, 1200, number)


def long_opening(number: int) -> str:
    """Return 1,200 characters whose first sentence is long and has a clause that ends after 50."""
    return _of_length(_LONG_OPENING, 1200, number)


def paragraph(number: int) -> str:
    """Return 400 characters with the same start as the answer."""
    return _of_length(_OPENING, 400, number)


def short_paragraph(number: int) -> str:
    """Return 200 characters with the same start as the answer."""
    return _of_length(_OPENING, 200, number)


def before_tool(number: int) -> str:
    """Return the sentence of 28 characters that a model says before it calls a tool."""
    return _named(_EARLY, number)


def after_tool(number: int) -> str:
    """Return the 260 characters that follow it."""
    return _of_length(_OPENING, 260, number)


def greeting(number: int) -> str:
    """Return a few words that only open a connection."""
    return _named(_GREETING, number)
