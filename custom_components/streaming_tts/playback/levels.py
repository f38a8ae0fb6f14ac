"""How loud those who may speak an utterance are, and the gain that makes them equally loud."""

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_MODEL

from ..account.runtime import Account
from ..audio.level import Level, VoiceLoudness
from ..const import CONF_VOICE
from ..providers.types import Voice
from .result import Participant


def loudness_of(who: Participant, account: Account, voice: Voice) -> VoiceLoudness:
    """Return what is known of a participant's loudness.

    `voice` is what an account speaks with itself. Other entities, also those of ours that are spoken with over the
    platform, are known to this account by their ids.
    """
    if who.is_primary:
        return account.storage.loudness.of_voice(voice)
    if who.own is None:
        return account.storage.loudness.of_entity(who.entity_id)
    own, subentry = who.own
    return own.storage.loudness.of_voice(_voice(subentry))


def level_of(loudness: VoiceLoudness, gain: float, *, measured: bool) -> Level:
    """Return what is done to audio of some loudness; `gain` is what the user wants it to be louder, in dB.

    As long as the loudness is not known, the audio stays as loud as it is.
    """
    return Level(gain=gain + (loudness.correction or 0.0), note=loudness.note if measured else None)


def loudness_digest(account: Account, subentry: ConfigSubentry, first: Participant) -> str:
    """Return what differs wherever the gain of a saved voice differs, or of a fallback that speaks first.

    A call may name a voice that is not saved: all those are in it, too.
    """
    saved = [_voice(each) for each in account.entry.subentries.values()]
    others = [voice for voice in saved if voice != _voice(subentry)]
    digest = account.storage.loudness.digest(without=others)
    return digest if first.is_primary else f"{digest} {loudness_of(first, account, _voice(subentry)).correction}"


def _voice(subentry: ConfigSubentry) -> Voice:
    return Voice.of(voice_id=subentry.data[CONF_VOICE], model=subentry.data[CONF_MODEL], language=None)
