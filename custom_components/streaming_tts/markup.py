"""Words from elsewhere within texts that Home Assistant shows as Markdown: descriptions of issues and of forms."""

import re

_SIGNS = re.compile(r"[\\`\[\]<>]")


def literal(text: str) -> str:
    """Return a text that is shown as it is written: no link, no picture and no tag comes of it, and no line of its own.

    A service chooses the ids and names of its voices, and a picture would tell its address who reads of it.
    """
    return _SIGNS.sub(r"\\\g<0>", " ".join(text.split()))
