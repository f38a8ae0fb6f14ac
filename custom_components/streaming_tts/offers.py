"""What of a catalogue can be had together: the models, voices and languages that go with each other. Pure."""

from collections.abc import Iterable

from .languages import match_language
from .providers.base import Model, VoiceInfo


def languages_of(models: Iterable[Model], voice: VoiceInfo | None = None) -> Iterable[str]:
    """Return the languages that one of the models speaks, with a voice those that it speaks too."""
    languages = dict.fromkeys(language for model in models for language in model.languages)
    if voice is None or not voice.languages:
        return languages
    return [language for language in languages if match_language(language, voice.languages)] or languages


def models_for(models: Iterable[Model], language: str | None) -> list[Model]:
    """Return the models that speak a language; where there is none those that detect it, of most languages first."""
    if language is None:
        detecting = (model for model in models if model.detects_language)
        return sorted(detecting, key=lambda model: len(model.languages), reverse=True)
    return [model for model in models if match_language(language, model.languages)]


def voices_for(voices: Iterable[VoiceInfo], language: str | None, models: Iterable[Model]) -> list[VoiceInfo]:
    """Return the voices that speak a language with one of the models, in the order of the catalogue."""
    ids = {model.model_id for model in models}
    return [
        voice
        for voice in voices
        if (language is None or not voice.languages or match_language(language, voice.languages))
        and (not voice.models or ids.intersection(voice.models))
    ]
