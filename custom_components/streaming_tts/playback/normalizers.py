"""How signs in a text are spoken, by the language of Home Assistant.

The data of each language, read once, and the names of its entities.
"""

from functools import partial

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..providers.types import Model
from ..speech.text.normalizer import Normalizer, load_normalizer

type _Key = tuple[str, bool, bool]

_DOMAINS = frozenset(Platform)

_NORMALIZERS: HassKey[dict[_Key, Normalizer]] = HassKey(f"{DOMAIN}_normalizers")


async def async_normalizer(hass: HomeAssistant, language: str, model: Model) -> Normalizer:
    """Return how signs are written for a model in a language (BCP 47); its files are read in the executor, once."""
    loaded = hass.data.setdefault(_NORMALIZERS, {})
    key = language, not model.writes_out_numbers, model.needs_thousands_separators
    if key not in loaded:
        load = partial(load_normalizer, language, number_words=key[1], thousands_separators=key[2])
        loaded[key] = await hass.async_add_executor_job(load)
    return loaded[key]


@callback
def friendly_name(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the name of an entity, its id where there is none yet, and None where no entity can have such an id."""
    if (state := hass.states.get(entity_id)) is not None:
        return state.name
    domain = entity_id.partition(".")[0]
    return entity_id if domain in _DOMAINS or domain in hass.config.components else None
