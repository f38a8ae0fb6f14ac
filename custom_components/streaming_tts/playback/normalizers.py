"""How the signs in a text are said in the house.

The data of each language, read once, and the names of its entities.
"""

from functools import partial

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..providers.types import Model
from ..speech.text.normalizer import Normalizer, load_normalizer

type _Key = tuple[str, bool, bool]

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
    """Return the name of an entity, None where there is none with this id."""
    state = hass.states.get(entity_id)
    return None if state is None else state.name
