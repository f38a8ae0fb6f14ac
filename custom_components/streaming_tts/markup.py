"""Words from elsewhere within texts that Home Assistant shows as Markdown: descriptions of issues and of forms."""

import re

_SIGNS = re.compile(r"[\\`\[\]<>*~&@]|(?<![a-z0-9])_|_(?![a-z0-9])|(?<=[a-z]):(?=//)|(?<=\bwww)\.", re.IGNORECASE)
"""What makes tags, pictures, links and emphasis, and what the frontend takes for an address without any sign."""
_BLOCK = re.compile(r"^(?:(?=[#+=|-])|(\d+)(?=[.)]))")
"""What makes a heading, a list or a table at the beginning of a line."""


def literal(text: str) -> str:
    """Return a text that is shown as it is written: no link, no picture and no tag comes of it, and no line of its own.

    A service chooses the ids and names of its voices, and a picture would tell its address who reads of it.
    """
    return _BLOCK.sub(r"\1\\", _SIGNS.sub(r"\\\g<0>", " ".join(text.split())))
