"""Answers of the demo's assistant, in English, Hindi, and Chinese."""

from dataclasses import dataclass
import re
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util


@dataclass(frozen=True, kw_only=True, slots=True)
class Tongue:
    """A language: patterns of questions, and their answers.

    `{time}` is the time of day, `{points}` the remaining points of Flow TTS.
    """

    story: str
    time: str
    points: str
    told: str
    timed: str
    left: str
    unknown: str
    other: str


_ENGLISH: Final = Tongue(
    story="story|tale",
    time="time|clock|briefing|morning",
    points="left|quota|points",
    told=(
        "Once upon a time there was a house that could not speak. When the washing machine had finished, it blinked; "
        "when it rained in at the window, the house kept silent. One evening somebody gave it a voice. At first it "
        "only said good night. Then it learned to say when the tea was ready, and who was at the door. It never waited "
        "for the end of a sentence to begin it, and so nobody in the house ever waited for it either. And when its "
        "voice was hoarse, a friend spoke for it, until the morning came."
    ),
    timed=(
        "Good day. It is {time}. All windows are closed, the front door is locked, and the washing machine is empty. "
        "There is nothing in the calendar before noon, so there is time for a second cup of coffee."
    ),
    left="Flow TTS has {points} points left for today. Each request costs one of them, however long it is.",
    unknown="Nobody has told me yet how many points Flow TTS has left. Let it speak once, then I will know.",
    other=(
        "I am a small assistant that lives in this demo. What I write is spoken while I am still writing it, so you "
        "hear the beginning long before I know the end. Ask me for a story, for the time, or for how many "
        "points are left."
    ),
)
_HINDI: Final = Tongue(
    story="कहानी",
    time="समय|बजे|सुबह",
    points="अंक|कोटा|बचे",
    told=(
        "एक समय की बात है, एक घर था जो बोल नहीं सकता था। जब कपड़े धुल जाते, तो मशीन बस टिमटिमाती। एक शाम किसी ने उसे "
        "आवाज़ दी। पहले उसने केवल शुभ रात्रि कहना सीखा। फिर उसने बताना सीखा कि चाय तैयार है, और दरवाज़े पर कौन है। "
        "और जब उसका गला बैठ जाता, तो एक मित्र सुबह तक उसके लिए बोलता।"
    ),
    timed="नमस्ते। अभी {time} बजे हैं। सभी खिड़कियाँ बंद हैं, और सामने का दरवाज़ा भी बंद है।",
    left="फ़्लो के पास आज {points} अंक बचे हैं। हर अनुरोध का एक अंक लगता है, चाहे वह कितना भी लंबा हो।",
    unknown="अभी पता नहीं कि कितने अंक बचे हैं।",
    other="मैं इस डेमो का छोटा सहायक हूँ। मैं जो लिखता हूँ, वह लिखते समय ही बोला जाता है। मुझसे कहानी, समय, या बचे अंक पूछिए।",
)
_CHINESE: Final = Tongue(
    story="故事",
    time="几点|时间|早上",
    points="点数|剩|额度",
    told=(
        "从前有一座不会说话的房子。衣服洗好了，洗衣机只会闪一闪灯；雨飘进窗户，房子也默不作声。有一天晚上，有人给了它声音。"
        "起初它只会说晚安，后来它学会了告诉大家茶泡好了，门口来了谁。它从不等一句话写完才开口，所以家里也没有人需要等它。"
        "当它的嗓子哑了，就有一位朋友替它说话，直到天亮。"
    ),
    timed="您好，现在是{time}。所有的窗户都关好了，大门也锁好了。",
    left="今天还剩下{points}点。每一次请求用掉一点，不论长短。",
    unknown="现在还不知道剩下多少点。",
    other="我是这个演示里的小助手。我一边写，声音就一边响起来。您可以让我讲一个故事，问我现在几点，或者还剩多少点。",
)
_TONGUES: Final = {"en": _ENGLISH, "hi": _HINDI, "zh": _CHINESE}
_POINTS: Final = "sensor.flow_tts_quota_remaining"


def answer_to(hass: HomeAssistant, question: str, language: str) -> str:
    """Return the answer to a question, in English if the language is unknown."""
    tongue = _TONGUES.get(language.partition("-")[0], _ENGLISH)
    if re.search(tongue.story, question, re.IGNORECASE):
        return tongue.told
    if re.search(tongue.points, question, re.IGNORECASE):
        points = hass.states.get(_POINTS)
        known = points is not None and points.state.isdigit()
        return tongue.left.format(points=points.state) if points and known else tongue.unknown
    if re.search(tongue.time, question, re.IGNORECASE):
        return tongue.timed.format(time=dt_util.now().strftime("%H:%M"))
    return tongue.other
