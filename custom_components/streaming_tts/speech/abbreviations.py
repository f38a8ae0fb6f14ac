"""Words that end with a period in the middle of a sentence, and what a period behind a numeral means."""

_TITLES = """
mr mrs ms mx dr prof st sr sra srta dra dn ud uds vd mme mlle mgr me maître hr fr frl dhr mevr sig dott ing arq lic
capt cpt col gen lt sgt maj adm cmdr gov sen rev hon pres rs smt shri shrimati sri ji
डॉ डा श्री श्रीमती सुश्री प्रो पं रु कु मो ड मि मিসেস ডা ড মি மு திரு திருமதி டாக்டர் பேரா ரூ
డా శ్రీ ಡಾ ಶ್ರೀ ഡോ ശ്രീ ડૉ શ્રી ਡਾ ਸ੍ਰੀ
д-р проф г-н г-жа им ул
"""

_WORDS = """
vs cf approx ca circa incl excl resp viz al mt ft esp dept est. temp max. min. misc
bzw vgl ggf evtl inkl exkl zzgl bspw sog urspr usf abk abb bd str tel
env av bd apr pág págs núm aprox tfno dto avda
ecc. bijv enz. m.a.w t.w.v örn yy bkz
т.е т.к т.д напр см руб тыс млн
"""

_NUMBERED = """
no nos nr nrn núm n° art fig figs abb vol ch chap kap sec sect p pp pg page. s seite. pos az § jan feb mar mär apr jun
jul aug sep sept oct okt nov dec dez déc janv févr juil mon tue tues wed thu thur thurs fri sat sun ext apt bldg rm
"""

_CLOSING = """
etc usw ecc enz jr sr. inc ltd co corp pvt llc bros a.m p.m a.d b.c ad bc u.s u.k u.s.a
"""

ABBREVIATIONS = frozenset(word for word in (_TITLES + _WORDS).split() if not word.endswith("."))
"""Never the end of a sentence."""

BEFORE_NUMBERS = frozenset(word for word in _NUMBERED.split() if not word.endswith("."))
"""Not the end of a sentence if a number follows."""

CLOSING_ABBREVIATIONS = frozenset(word for word in _CLOSING.split() if not word.endswith("."))
"""The end of a sentence unless it goes on in lower case."""

ORDINAL_LANGUAGES = frozenset("bs cs da de et fi fo hr hu is lb lv nb nn no pl sk sl sr tr".split())
"""In these languages a numeral with a period is an ordinal: `am 3. Oktober`."""
