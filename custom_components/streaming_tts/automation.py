"""What triggers and conditions look at: our own entities of one kind among all that a target has."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN


def own_entities(hass: HomeAssistant, entities: set[str], *keys: str) -> set[str]:
    """Return those of the entities that are ours and have one of the keys; a target may be a whole house."""
    registry = er.async_get(hass)
    registered = {entity_id: registry.async_get(entity_id) for entity_id in entities}
    return {
        entity_id
        for entity_id, entry in registered.items()
        if entry is not None and entry.platform == DOMAIN and entry.unique_id.endswith(tuple(f"_{key}" for key in keys))
    }
