"""Matching of models, voices, and languages of a catalogue, and storage of voices. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from itertools import chain
from typing import Any

from ..providers.provider import Provider
from ..providers.types import Gender, Model, VoiceInfo
from .languages import match_language

_LISTS = ("languages", "models", "styles")
_KNOWN = {field.name for field in fields(VoiceInfo)}


def languages_of(models: Iterable[Model], voice: VoiceInfo | None = None) -> Iterable[str]:
    """Return the languages of the models, or those of them that a voice speaks."""
    languages = dict.fromkeys(language for model in models for language in model.languages)
    if voice is None or not voice.languages:
        return languages
    return [language for language in languages if match_language(language, voice.languages)] or languages


def models_for(models: Iterable[Model], language: str | None) -> list[Model]:
    """Return the models for a language. For None, return those that detect it, most languages first."""
    if language is None:
        detecting = (model for model in models if model.detects_language)
        return sorted(detecting, key=lambda model: len(model.languages), reverse=True)
    return [model for model in models if match_language(language, model.languages)]


def voices_for(voices: Iterable[VoiceInfo], language: str | None, models: Iterable[Model]) -> list[VoiceInfo]:
    """Return the voices that speak a language with one of the models, in catalogue order."""
    ids = {model.model_id for model in models}
    return [
        voice
        for voice in voices
        if (language is None or not voice.languages or match_language(language, voice.languages))
        and (not voice.models or ids.intersection(voice.models))
    ]


def declared_voice(
    provider: Provider, voices: Sequence[VoiceInfo], languages: Iterable[str]
) -> tuple[VoiceInfo, Model, str] | None:
    """Return the provider's default voice, its model, and the provider's tag for the language.

    The voice is for the first of `languages` that the provider speaks. Return None if it speaks none of them, or has no
    default voice for that language in the catalogue.
    """
    spoken = languages_of(provider.models)
    if (language := next(filter(None, (match_language(each, spoken) for each in languages)), None)) is None:
        return None
    voice = next((each for each in voices if each.voice_id == provider.default_voices.get(language)), None)
    if voice is None:
        return None
    having = [
        model for model in models_for(provider.models, language) if has_voice(provider, model, voice.voice_id, voice)
    ]
    return (voice, having[0], language) if having else None


def replacement_models(provider: Provider, retired: str, language: str | None) -> list[Model]:
    """Return the models that can replace a retired one, the nearest first.

    They speak the language if any model does.
    """
    nearest = provider.retired_models.get(retired)
    models = [model for model in provider.models if model.model_id != retired]
    models.sort(key=lambda model: model.model_id != nearest)
    return models_for(models, language) or models


def has_voice(provider: Provider, model: Model, voice_id: str, info: VoiceInfo | None) -> bool:
    """Return True if a model has a voice. A voice that is not in the catalogue may work with all models."""
    if voice_id in provider.retired_voices:
        return False
    return info is None or not info.models or model.model_id in info.models


def nearest_voice(
    provider: Provider, voices: Sequence[VoiceInfo], voice_id: str, info: VoiceInfo | None
) -> VoiceInfo | None:
    """Return the nearest replacement of a retired or missing voice, by the provider's list or else by gender."""
    nearest = provider.retired_voices.get(voice_id)
    if (listed := next((voice for voice in voices if voice.voice_id == nearest), None)) is not None:
        return listed
    alike = (voice for voice in voices if info is not None and voice.gender == info.gender)
    return next(alike, voices[0] if voices else None)


def stored_voice(voice: VoiceInfo) -> dict[str, Any]:
    """Return a voice as JSON."""
    return asdict(voice)


def restored_voice(stored: Mapping[str, Any]) -> VoiceInfo:
    """Return a voice from the output of `stored_voice`, without fields of a later release.

    Raises `AttributeError`, `KeyError`, `TypeError` or `ValueError` for malformed input.
    """
    known = {key: value for key, value in stored.items() if key in _KNOWN}
    lists = {key: tuple(known[key]) for key in _LISTS}
    if not all(isinstance(text, str) for text in (known["voice_id"], known["name"], *chain(*lists.values()))):
        raise TypeError
    gender = Gender(known["gender"]) if known["gender"] in tuple(Gender) else None
    return VoiceInfo(**{**known, **lists, "gender": gender})
