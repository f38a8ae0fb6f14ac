"""Words that decide how a text is read, in the languages of the providers.

Text that isn't listed is spoken, because a tag that is read aloud is better than a word that is lost. `ABBREVIATIONS`
apply to voices of any language, because texts in a home often mix languages; words that are common in any of the
languages are left out. Abbreviations of a single language are in `abbreviation_data`, a file per language: CLDR's
segmentation suppressions (Unicode-3.0, see the LICENSE there) without common words, and our own. Two sentences spoken
together are less noticeable than one that is torn apart.
"""

import json
from pathlib import Path

_DATA = {
    path.stem: json.loads(path.read_bytes()) for path in Path(__file__).with_name("abbreviation_data").glob("*.json")
}
"""Read during import, which Home Assistant runs in a thread."""


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
"""Abbreviations that never end a sentence, in lower case, without the period. Single letters and `z.B.` need no
entry."""

ABBREVIATIONS_BY_LANGUAGE = {
    language: ABBREVIATIONS.union(data["cldr"], data["own"]) for language, data in _DATA.items()
}
"""The same, with those of one language, by its subtag."""

ABBREVIATED_PHRASES = ("p. ex", "p. ej", "et al", "c.-à-d", "и др", "н. э", "t. ex", "o. ä", "o. ä")
"""The same, for phrases whose last word alone is ambiguous."""

BEFORE_NUMBERS = _words(
    """
    no nos nr nrn nº art fig figs abb vol ch chap kap sec sect pp pg pos az ext apt bldg rm
    jan feb mar mär apr jun jul aug sep sept oct okt nov dec dez déc janv févr juil
    mon tue tues wed thu thur thurs fri sat sun
    """
)
"""Abbreviations that don't end a sentence if a number follows."""

ALSO_WORDS = _words("no mar sat sun fig art pos ch sec")
"""Those that are also words, which may end a sentence if nothing follows for now."""

DAYS_AND_MONTHS = _words(
    "mon tue tues wed thu thur thurs fri jan feb apr aug sept oct okt nov dec dez déc janv févr juil"
)
"""Those that also don't end a sentence if it continues in lower case."""

CLOSING_ABBREVIATIONS = _words("etc usw ecc enz jr inc ltd co corp pvt llc bros a.m p.m uu др т.д т.п")
"""Abbreviations that end a sentence unless it continues in lower case."""

CLOSING_PHRASES = ("a. m", "p. m", "т. д", "т. п", "и др")
"""The same, for phrases."""

UNITS = _words(
    """
    kg mg lb lbs oz km cm mm mi ft yd kmh kph mph kw kwh mw mwh wh mah hz khz mhz ghz gb mb kb tb mbit gbit lm lx hpa
    kpa mbar bar psi db dba ppm rpm min mins sec secs sek hr hrs std tbsp tsp cal kcal eur usd gbp руб тыс млн млрд мин
    сек час кг км см мм
    """
)
"""Units after a number, which may end a sentence."""

INTRODUCING = _words(
    """
    i i'll i've i'm me let let's we you here this these following
    ich wir mir ihnen dir hier das dies folgende folgendes je nous vous voici voilà c'est
    yo te le les aquí esto estos estas son ecco ti vi questo questi aqui isto estes estas você
    я мы вам вот это эти iată acestea ik hier dit deze ben sen size işte bunlar
    मैं मैंने आपके यह ये यहाँ हैं আমি আপনার এই এখানে હું આ અહીં ನಾನು ಇಲ್ಲಿ ഞാൻ ഇതാ मी हे येथे ਮੈਂ ਇਹ ਇੱਥੇ நான் இதோ இங்கே నేను ఇక్కడ
    أنا هذه هذا إليك هنا אני הנה זה 여기 다음은 제가
    """
)
"""Words that introduce a list or an answer; a label has none of them."""

LETTERED = _words(
    """
    terminal gate platform plan option vitamin block building room line group class type hepatitis section row seat zone
    part grade track team point hall wing level appendix annex exit concourse dock pier bus schedule form exhibit bay
    gleis linie gruppe klasse haus eingang ausgang aufgang teil typ abschnitt reihe anhang steig bahnsteig stufe tor
    porte quai ligne groupe classe bâtiment voie option vitamine hall quai
    puerta andén línea grupo clase tipo opción vitamina edificio plan
    porta binario linea gruppo classe opzione portão plataforma linha opção uscita
    терминал корпус группа план витамин класс секция
    """
)
"""Things named by a letter, which may end a sentence; other single letters are initials of names."""

LETTER_NAMES = _words(
    """
    आर एफ एच एल एम एन एस पी यू वी डी डब्ल्यू एक्स वाई जेड ज़ेड क्यू बी जे ए ई ओ सी जी टी के आई
    আর এফ এইচ এল এম এন এস পি ইউ ভি ডি ডব্লিউ এক্স ওয়াই জেড কিউ বি জে এ ই ও সি জি টি কে আই
    આર એફ એચ એલ એમ એન એસ પી યુ વી ડી ડબલ્યુ એક્સ વાય ઝેડ ક્યુ બી જે એ ઈ ઓ સી જી ટી કે આઈ
    ਆਰ ਐਫ ਐੱਫ ਐਚ ਐੱਚ ਐਲ ਐੱਲ ਐਮ ਐੱਮ ਐਨ ਐੱਨ ਐਸ ਐੱਸ ਪੀ ਯੂ ਵੀ ਡੀ ਡਬਲਿਊ ਐਕਸ ਵਾਈ ਕਿਊ ਬੀ ਜੇ ਏ ਈ ਓ ਸੀ ਜੀ ਟੀ ਕੇ ਆਈ
    ଆର୍ ଏଫ୍ ଏଚ୍ ଏଲ୍ ଏମ୍ ଏନ୍ ଏସ୍ ପି ୟୁ ଭି ଡି ଡବ୍ଲୁ ଏକ୍ସ ୱାଇ ଜେଡ୍ ବି ଜେ ଏ ଇ ଓ ସି ଜି ଟି କେ ଆଇ
    ஆர் எஃப் எப் எச் ஹெச் எல் எம் என் எஸ் பி யு யூ வி டி டபிள்யூ எக்ஸ் ஒய் இசட் க்யூ சி ஜி ஜே கே ஏ இ ஐ ஓ
    ఆర్ ఎఫ్ హెచ్ ఎల్ ఎమ్ ఎం ఎన్ ఎస్ పి యు వి డి డబ్ల్యూ ఎక్స్ వై జెడ్ క్యూ బి జె సి జి టి కె ఎ ఏ ఇ ఈ ఐ ఓ
    ಆರ್ ಎಫ್ ಎಚ್ ಹೆಚ್ ಎಲ್ ಎಂ ಎಮ್ ಎನ್ ಎಸ್ ಪಿ ಯು ವಿ ಡಿ ಡಬ್ಲ್ಯೂ ಎಕ್ಸ್ ವೈ ಝಡ್ ಕ್ಯೂ ಬಿ ಜೆ ಸಿ ಜಿ ಟಿ ಕೆ ಎ ಏ ಇ ಈ ಐ ಒ ಓ
    ആർ എഫ് എച്ച് എൽ എം എൻ എസ് പി യു വി ഡി ഡബ്ല്യു എക്സ് വൈ സെഡ് ക്യു ബി ജെ സി ജി ടി കെ എ ഏ ഇ ഐ ഒ
    """
)
"""Latin letters as they are spelled in Indian scripts, for initials of names."""

AMBIGUOUS_LETTER_NAMES = _words("बी जे सी जी टी के आई কে બી સી આઈ કે જી ਸੀ ਜੀ ਕੇ କେ")
"""Those that are also words: they are only initials at the start of a sentence or after another initial."""

ORDINAL_LANGUAGES = _words("bs cs da de et fi fo hr hu is lb lv nb nn no pl sk sl sr tr")
"""Languages in which a numeral with a period is an ordinal: `am 3. Oktober`."""

DATE_LANGUAGES = _words("hu ko")
"""Languages in which periods follow the parts of a date: `2026. 11. 29.`."""

NOUN_LANGUAGES = _words("de lb")
"""Languages in which nouns are capitalized, so one may follow a unit (`2 Std. Fahrt`)."""

SOUNDS = _words(
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
"""Sounds and gestures in stage directions, with `_` for a space."""

MOODS = SOUNDS | _words(
    """
    happy happily sad sadly excited excitedly angry angrily calm calmly cheerful cheerfully curious curiously sarcastic
    sarcastically mischievous mischievously nervous nervously surprised thoughtful thoughtfully serious seriously
    softly gently warmly quietly loudly slowly quickly dramatic dramatically deadpan playful playfully tired annoyed
    appalled amused empathetic sympathetic friendly enthusiastic enthusiastically cheery confident hopeful
    disappointed relieved whispered whispery applause clapping pause short_pause long_pause pauses sings singing sung
    """
)

HIDDEN_ELEMENTS = _words(
    """
    think thinking thought thoughts reasoning reflection analysis scratchpad monologue tool_call tool_calls tool_use
    tool_code tool_response tool_result tool_results tool_output function_call function_calls function_result
    function_results function invoke tool
    """
)
"""Elements in which models write their reasoning and tool calls."""

BORDER_ELEMENTS = _words(
    """
    address article aside blockquote body br caption dd details div dl dt fieldset figcaption figure footer form h1 h2
    h3 h4 h5 h6 head header hr html legend li main nav ol option p pre section summary table tbody td tfoot th thead
    title tr ul
    """
)
"""HTML elements that are separate from the text around them."""

ELEMENTS = (
    BORDER_ELEMENTS
    | frozenset(name for name in SOUNDS if name.isascii())
    | _words(
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
"""Elements of HTML, SSML, models and their templates, of which only the content is spoken."""

LEADING_WORDS = _words(
    """
    a an the and or but of to in at for with by from as is are was were than that which who about into your my our
    der die das den dem des ein eine einen einem einer und oder aber von zu zum zur im am mit für bei nach ist sind war
    le la les un une des du de et ou mais à au aux en dans pour par sur avec est sont que qui
    el los las unos unas del y o pero con por para sin es son
    il lo gli uno di da e ed ma nel nella al alla per è sono che
    os as um uma do dos das em no na nos nas ao com sem são
    het een van dat met voor is zijn
    si sau dar pe cu din este sunt
    ve veya ile için bir bu
    и а но в во на с со к по за из от для не что как это
    و في من على إلى عن أو
    """
)
"""Words that don't end a sentence: the next line continues it."""
