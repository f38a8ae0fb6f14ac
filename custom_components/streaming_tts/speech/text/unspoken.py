"""What a language model writes that is not speech: reasoning, tool calls, control tokens, citations, delivery tags.

Each is on a closed list: what is on none is spoken, since a tag that is read aloud is better than a word that is lost.
"""

from functools import cache
from typing import Final

import regex

from .characters import CITATION_BEGIN, CITATION_END, CITATION_SEPARATOR
from .cursor import Action, Cursor, Token

SENTENCE_END: Final = frozenset(".!?…:\n。！？：｡।॥؟۔።։") | {""}
"""What was written last where a message or a sentence may begin."""

_HIDDEN_NAMES = (
    *("think", "thinking", "thought", "thoughts", "reasoning", "reflection", "analysis", "scratchpad", "monologue"),
    *(
        "tool_call",
        "tool_calls",
        "tool_use",
        "tool_code",
        "tool_response",
        "tool_result",
        "tool_results",
        "tool_output",
    ),
    *("function_call", "function_calls", "function_result", "function_results", "function", "invoke", "tool"),
)

_HIDDEN_ELEMENT = regex.compile(
    rf"<((?:[a-z]{{2,8}}:)?(?:{'|'.join(_HIDDEN_NAMES)}))(?:[ =][^<>\n]{{0,120}})?>", regex.IGNORECASE
)

_HIDDEN_BRACKET = regex.compile(r"\[(THINK|TOOL_CALLS?|TOOL_RESULTS?|AVAILABLE_TOOLS)\]|◁(think)▷")

_CHANNEL = regex.compile(r"<\|channel\|>([^<\n]{0,120})(?:<\|constrain\|>[^<\n]{0,60})?<\|message\|>", regex.IGNORECASE)

_CHANNEL_END = regex.compile(r"<\|(?:end|return|call)\|>|(?=<\|(?:start|channel)\|>)", regex.IGNORECASE)

_THOUGHT_CHANNEL = regex.compile(r"<\|channel>", regex.IGNORECASE)

_THOUGHT_CHANNEL_END = regex.compile(r"<channel\|>", regex.IGNORECASE)

_ROLE = regex.compile(
    r"<\|(?:start|im_start|start_header_id|header_start|start_of_role|role)\|>[\w.=: -]{0,60}"
    r"(?:\n|<\|(?:end_header_id|header_end|end_of_role|im_middle|im_sep|message)\|>|(?=<\|channel))",
    regex.IGNORECASE,
)

_TURN = regex.compile(r"<(?:start_of_turn>[a-z]{0,20}(?:\n|(?=[^a-z\n]))|end_of_turn>|/?s>|[be]os>)", regex.IGNORECASE)

_CONTROL = regex.compile(r"<([|｜])([^<>|｜\n]{1,60})\1>")

_HIDING_CONTROL = regex.compile(
    r"(?:begin|start)?[_▁ ]?(?:of[_▁ ])?(?:think|thought|reason|tool|python|function)", regex.IGNORECASE
)

_CONTROL_END = regex.compile(r"<([|｜])(?:/|[^<>|｜\n]{0,40}(?:end|eom|eot))[^<>|｜\n]{0,40}\1>", regex.IGNORECASE)

MAX_CLOSER = 120
"""Characters that an end of what is hidden may have."""


@cache
def _element_end(name: str) -> regex.Pattern:
    return regex.compile(rf"</{name}[ ]*>", regex.IGNORECASE)


@cache
def _bracket_end(name: str) -> regex.Pattern:
    return regex.compile(r"◁/think▷" if name == "think" else rf"\[/{name}\]" + (r"|\n" if "CALL" in name else ""))


def read_hidden(cursor: Cursor) -> Token | bool:
    """Return the beginning of reasoning or of a tool call at the start of a message, or True, False as `look`."""
    undecided = False
    for pattern in (_HIDDEN_ELEMENT, _HIDDEN_BRACKET):
        found = cursor.look(pattern)
        if isinstance(found, bool):
            undecided = undecided or found
            continue
        closer = _element_end(found[1].lower()) if pattern is _HIDDEN_ELEMENT else _bracket_end(found[1] or found[2])
        return Token(end=found.end(), action=Action.HIDE, closer=closer)
    return undecided


def read_control(cursor: Cursor) -> Token | bool:
    """Return a control token of a model's own format, with what of a message belongs to it, or as `look`."""
    undecided = False
    for pattern in (_CHANNEL, _ROLE, _THOUGHT_CHANNEL, _TURN, _CONTROL):
        found = cursor.look(pattern)
        if isinstance(found, bool):
            undecided = undecided or found
        elif undecided:
            return True
        else:
            return (
                Token(end=found.end(), action=Action.HIDE, closer=closer)
                if (closer := _closer_of(pattern, found))
                else Token(end=found.end(), action=Action.BORDER)
            )
    return undecided


def _closer_of(pattern: regex.Pattern, found: regex.Match) -> regex.Pattern | None:
    """Return what ends that which is hidden behind a control token, None where what follows is spoken."""
    if pattern is _THOUGHT_CHANNEL:
        return _THOUGHT_CHANNEL_END
    if pattern is _CHANNEL:
        header = found[1].lower()
        is_spoken = "final" in header or ("commentary" in header and "to=" not in header)
        return None if is_spoken else _CHANNEL_END
    if pattern is _CONTROL and _HIDING_CONTROL.match(found[2]) and "end" not in found[2].lower():
        return _CONTROL_END
    return None


_LINK = r"\[[^\[\]\n]{1,120}\]\((?:https?:|www\.)[^()\s]*(?:\([^()\s]*\)[^()\s]*)?\)"

_CITED_LINKS = regex.compile(rf"\({_LINK}(?:[ ]?[,;]?[ ]?{_LINK}){{0,5}}\)", regex.IGNORECASE)

_LABEL = regex.compile(r"\[([^\[\]\n]+)\]\(")

_HOST = regex.compile(r"[\w-]+(?:\.[\w-]+)+(?:[ ]?[-–|:][^\[\]]*)?")

_REACH_OF_LINKS = 1200


def read_cited_links(cursor: Cursor) -> Token | bool:
    """Return links in parentheses that say where a sentence comes from, or as `look`.

    They stand at the end of a sentence, or are named by their sites.
    """
    found = cursor.look(_CITED_LINKS, reach=_REACH_OF_LINKS)
    if isinstance(found, bool):
        return found
    if (following := cursor.behind(found.end())) is None:
        return True
    labels = [label[1] for label in _LABEL.finditer(found.group())]
    is_source = cursor.last in SENTENCE_END or following in SENTENCE_END or all(map(_HOST.fullmatch, labels))
    return is_source and Token(end=found.end(), action=Action.GAP)


_OAI_CITATION = regex.compile(r":contentReference\[oaicite:[^\[\]\n]{0,40}\](?:\{[^{}\n]{0,60}\}|(?=[^{]))")

_DAGGER_CITATION = regex.compile(r"【[^【】\n]{0,120}†[^【】\n]{0,120}】")

_PRIVATE_CITATION = regex.compile(
    rf"{CITATION_BEGIN}\w{{1,30}}{CITATION_SEPARATOR}[^{CITATION_BEGIN}{CITATION_END}\n]{{0,240}}{CITATION_END}"
)


def read_colon(cursor: Cursor) -> Token | None:
    """Read `:`, which may begin a reference to a source."""
    return _citation_or(cursor, _OAI_CITATION, cursor.literal())


def read_lenticular(cursor: Cursor) -> Token | None:
    """Read `【`, which may begin a reference to a source."""
    return _citation_or(cursor, _DAGGER_CITATION, cursor.literal())


def read_private(cursor: Cursor) -> Token | None:
    """Read a private-use character, which may begin a reference to a source."""
    return _citation_or(cursor, _PRIVATE_CITATION, cursor.dropped())


def _citation_or(cursor: Cursor, pattern: regex.Pattern, other: Token) -> Token | None:
    found = cursor.look(pattern)
    if isinstance(found, bool):
        return None if found else other
    return Token(end=found.end())


def words_of(text: str) -> frozenset[str]:
    """Return the words of a list."""
    return frozenset(text.split())


SOUNDS: Final = words_of(
    """
    laughs laughing laugh laughter chuckles chuckling chuckle giggles giggling giggle sighs sighing sigh gasps gasping
    gasp gulps gulp coughs coughing cough sneezes sneeze sniffs sniffles sniffle snorts snort sobs sobbing crying cries
    groans groan groaning moans yawns yawn yawning hums humming whistles whistling exhales exhale inhales inhale
    breathes whispers whispering whisper shouts shouting yells shrugs winks nods smiles grins smirks blushes
    clears_throat clearing_throat laughs_softly laughs_harder starts_laughing sighs_deeply exhales_sharply inhales_deeply
    lacht kichert seufzt flüstert räuspert_sich zwinkert lächelt rit soupire chuchote sourit ríe suspira susurra sonríe
    ride sospira sussurra sorride suspira ri sussurra sorri lacht zucht fluistert смеётся смеется вздыхает шепчет
    """  # noqa: E501
)
"""Sounds and gestures, as a stage direction says them: `_` for a space."""

MOODS: Final = SOUNDS | words_of(
    """
    happy happily sad sadly excited excitedly angry angrily calm calmly cheerful cheerfully curious curiously sarcastic
    sarcastically mischievous mischievously nervous nervously surprised thoughtful thoughtfully serious seriously
    softly gently warmly quietly loudly slowly quickly dramatic dramatically deadpan playful playfully tired annoyed
    appalled amused empathetic sympathetic friendly enthusiastic enthusiastically cheery confident hopeful
    disappointed relieved whispered whispery applause clapping pause short_pause long_pause pauses sings singing sung
    """
)

_IN_BRACKETS = regex.compile(r"\[[ ]?(\p{L}[\p{L} '-]{1,28})\](?=[^(\[:])")

_IN_STARS = regex.compile(r"\*{1,2}(\p{L}[\p{L} ]{1,24})\*{1,2}(?=[^*])")

_IN_PARENTHESES = regex.compile(r"\((\p{L}[\p{L} ]{1,24})\)")


def read_delivery(cursor: Cursor) -> Token | bool:
    """Return a tag that says how something is to be said, in brackets, stars or parentheses, or as `look`.

    Stars also emphasise a word, and parentheses add one: there only a sound counts, at the beginning of a sentence.
    """
    if cursor.sign == "[":
        pattern, known = _IN_BRACKETS, MOODS
    elif cursor.last in SENTENCE_END:
        pattern, known = (_IN_STARS if cursor.sign == "*" else _IN_PARENTHESES), SOUNDS
    else:
        return False
    found = cursor.look(pattern)
    if isinstance(found, bool):
        # What can be none of them any more holds nothing back
        begun = cursor.text[cursor.at :].lstrip(f"{cursor.sign} ").rstrip("]*)").lower().replace(" ", "_")
        return found and any(word.startswith(begun) for word in known)
    return found[1].strip().lower().replace(" ", "_") in known and Token(end=found.end(), action=Action.GAP)


_BORDER_ELEMENTS = words_of(
    """
    address article aside blockquote body br caption dd details div dl dt fieldset figcaption figure footer form h1 h2
    h3 h4 h5 h6 head header hr html legend li main nav ol option p pre section summary table tbody td tfoot th thead
    title tr ul
    """
)
"""HTML elements that stand apart from the text around them."""

_ELEMENTS = (
    _BORDER_ELEMENTS
    | frozenset(name for name in SOUNDS if name.isascii())
    | words_of(
        """
        a abbr acronym area audio b base bdi bdo big button canvas center cite code col colgroup data datalist del dfn
        dialog em embed font i iframe img input ins kbd label link map mark meta meter noscript object output param
        picture progress q rp rt ruby s samp script select small source span strike strong style sub sup svg template
        textarea time track tt u var video wbr
        speak voice prosody emphasis say-as lang lexicon phoneme phonemes digits break desc metadata
        expr emotion effect speed volume tone style
        answer final final_answer response reply result assistant speech say
        """
    )
)
"""Elements of HTML, SSML, of models and of their templates: of these the content alone is spoken."""


def read_element(cursor: Cursor, end: int, name: str, *, is_bare: bool) -> Token:
    """Return what becomes of an element's tag; `is_bare` says that it is an opening one that has nothing but a name.

    A name in angle brackets that is that of no element stands for something: `<device>`.
    """
    known = name.lower()
    if known in _BORDER_ELEMENTS or (known in _HIDDEN_NAMES and not is_bare):
        return Token(end=end, action=Action.BORDER)
    if not is_bare or known in _ELEMENTS or ":" in known:
        return Token(end=end)
    return Token(end=end, text=name)


YES_AND_NO: Final = {
    "ar": ("نعم", "لا"),
    "as": ("হয়", "নহয়"),
    "bn": ("হ্যাঁ", "না"),
    "ca": ("sí", "no"),
    "cs": ("ano", "ne"),
    "da": ("ja", "nej"),
    "de": ("ja", "nein"),
    "el": ("ναι", "όχι"),
    "en": ("yes", "no"),
    "es": ("sí", "no"),
    "fa": ("بله", "خیر"),
    "fi": ("kyllä", "ei"),
    "fr": ("oui", "non"),
    "gu": ("હા", "ના"),
    "he": ("כן", "לא"),
    "hi": ("हाँ", "नहीं"),
    "hu": ("igen", "nem"),
    "hy": ("այո", "ոչ"),
    "id": ("ya", "tidak"),
    "it": ("sì", "no"),
    "ja": ("はい", "いいえ"),
    "kn": ("ಹೌದು", "ಇಲ್ಲ"),
    "ko": ("예", "아니요"),
    "ml": ("അതെ", "ഇല്ല"),
    "mr": ("हो", "नाही"),
    "nb": ("ja", "nei"),
    "nl": ("ja", "nee"),
    "or": ("ହଁ", "ନା"),
    "pa": ("ਹਾਂ", "ਨਹੀਂ"),
    "pl": ("tak", "nie"),
    "pt": ("sim", "não"),
    "ro": ("da", "nu"),
    "ru": ("да", "нет"),
    "sv": ("ja", "nej"),
    "ta": ("ஆம்", "இல்லை"),
    "te": ("అవును", "కాదు"),
    "th": ("ใช่", "ไม่"),
    "tr": ("evet", "hayır"),
    "uk": ("так", "ні"),
    "ur": ("ہاں", "نہیں"),
    "vi": ("có", "không"),
    "yue": ("係", "唔係"),
    "zh": ("是", "否"),
}
"""What a tick and a cross say."""
