"""What a voice can be used with."""

import pytest

from custom_components.streaming_tts.providers.types import Model, VoiceInfo
from custom_components.streaming_tts.voices.catalogue import languages_of

MODELS = (
    Model(model_id="fast", name="Fast", languages=("en-IN", "hi-IN")),
    Model(model_id="good", name="Good", languages=("hi-IN", "ta-IN")),
)


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        (("hi", "en"), ["en-IN", "hi-IN"]),
        (("ta-IN",), ["ta-IN"]),
        ((), ["en-IN", "hi-IN", "ta-IN"]),
        (("fi",), ["en-IN", "hi-IN", "ta-IN"]),
    ],
)
def test_a_voice_is_offered_for_the_languages_that_it_speaks(spoken: tuple[str, ...], expected: list[str]) -> None:
    """For all of its models where the service doesn't say which, or says none of them."""
    assert list(languages_of(MODELS, VoiceInfo(voice_id="a", name="Anna", languages=spoken))) == expected
