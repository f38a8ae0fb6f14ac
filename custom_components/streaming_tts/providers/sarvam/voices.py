"""The stock speakers of Sarvam, which are documented but not listed by an endpoint (docs/dev/protocols.md B8).

`speakers.json` contains the speakers of `bulbul:v3` by gender, those that only retired models have (`v3_beta` in
addition to v3, `v2`), and the `personas` of `bulbul:v4-flash`: name, language (`enhi` mixes English and Hindi), and
style.
"""

from typing import Final

from ..wire_format import read_beside

SPEAKERS: Final[dict[str, list[str]]] = read_beside(__file__, "speakers.json")

RETIRED: Final = {
    **dict.fromkeys((*SPEAKERS["v2_female"], *SPEAKERS["v3_beta"]), SPEAKERS["v3_female"][0]),
    **dict.fromkeys(SPEAKERS["v2_male"], SPEAKERS["v3_male"][0]),
}
"""Speakers that only retired models have, each with a replacement from `bulbul:v3`."""
