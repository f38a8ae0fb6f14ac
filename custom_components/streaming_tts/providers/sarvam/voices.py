"""The speakers that Sarvam documents but has no endpoint to list them, as docs/dev/protocols.md B8 names them.

`speakers.json` has those of `bulbul:v3` by gender, those that only retired models have (`v3_beta` beside those of v3,
`v2`), and the `personas` of `bulbul:v4-flash`: a name, the language it is made for (`enhi` mixes English and Hindi),
and a style.
"""

from typing import Final

from ..wire_format import read_beside

SPEAKERS: Final[dict[str, list[str]]] = read_beside(__file__, "speakers.json")

RETIRED: Final = {
    **dict.fromkeys((*SPEAKERS["v2_female"], *SPEAKERS["v3_beta"]), SPEAKERS["v3_female"][0]),
    **dict.fromkeys(SPEAKERS["v2_male"], SPEAKERS["v3_male"][0]),
}
"""Speakers that only retired models have, each with one of `bulbul:v3` to speak instead."""
