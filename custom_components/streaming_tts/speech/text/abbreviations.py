"""Words that end with a period in the middle of a sentence, in the languages of the providers.

They are looked up whatever the language of the voice, since the texts of a house are often mixed. What is a common word
in any of the languages is left out: two sentences spoken together are heard less than one that is torn apart.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ABBREVIATIONS = _words(
    """
    mr mrs ms mx dr prof st capt cpt gen lt sgt maj gov sen rev hon adm cmdr messrs
    vs cf approx ca circa incl excl resp viz mt esp dept mfg fwd
    sr sra srta dra dn ud uds vd vds pág págs núm aprox tfno dto avda excmo
    mme mlle mgr env av bd
    hr fr frl dipl ing bzw vgl ggf evtl inkl exkl zzgl bspw sog urspr abk tel hrsg str
    sig dott egr spett
    dhr mevr drs bijv evt örn bkz prof
    руб тыс млн млрд напр проф ул просп
    د أ
    rs smt shri sri
    डॉ डा श्री श्रीमती सुश्री प्रो पं रु कु मो
    ডা ড মো প্রফে ডাঃ
    திரு திருமதி டாக் பேரா ரூ
    డా శ్రీ ప్రొ రూ ಡಾ ಶ್ರೀ ಪ್ರೊ ರೂ ഡോ ശ്രീ പ്രൊ രൂ
    ડૉ શ્રી પ્રો રૂ ਡਾ ਸ੍ਰੀ ਪ੍ਰੋ ଡଃ ଶ୍ରୀ
    """
)
"""Never the end of a sentence; in lower case, without the period. Single letters and `z.B.` need no entry."""

ABBREVIATED_PHRASES = ("p. ex", "p. ej", "et al")
"""The same, where the last word alone says nothing."""

BEFORE_NUMBERS = _words(
    """
    no nos nr nrn nº art fig figs abb vol ch chap kap sec sect pp pg pos az ext apt bldg rm
    jan feb mar mär apr jun jul aug sep sept oct okt nov dec dez déc janv févr juil
    mon tue tues wed thu thur thurs fri sat sun
    """
)
"""Not the end of a sentence if a number follows."""

CLOSING_ABBREVIATIONS = _words("etc usw ecc enz jr inc ltd co corp pvt llc bros a.m p.m")
"""The end of a sentence unless it goes on in lower case."""

ORDINAL_LANGUAGES = _words("bs cs da de et fi fo hr hu is lb lv nb nn no pl sk sl sr tr")
"""In these languages a numeral with a period is an ordinal: `am 3. Oktober`."""
