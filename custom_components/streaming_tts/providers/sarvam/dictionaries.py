"""The pronunciation dictionaries of an account at Sarvam (docs/dev/protocols.md B6)."""

import json
from typing import ClassVar, override

import aiohttp

from ..capabilities import Dictionaries, Pronunciations, Reason, ServiceRejection
from ..transport import http as wire, json_values as values
from ..transport.http import ResponseTimeouts
from ..types import Failure, ProviderError, TextSetting
from ..uploads import file_form, for_upload, known_id
from .client import SarvamAccount
from .errors import dictionary_refused
from .models import DICTIONARY, tag_of, wire_language

PATH = "/text-to-speech/pronunciation-dictionary"
MAX_BELIEVED = 50
"""How many dictionaries are believed, each of which is asked for: more than any account has, however long the list."""
MAX_BYTES = 1000 * 1000
"""The service counts 1 MB; the smaller of both kinds of MB is safe."""


class SarvamDictionaries(SarvamAccount, Dictionaries):
    """What an account has for dictionaries; a voice speaks by one that it names as a setting."""

    most_dictionaries: ClassVar[int] = 10
    most_words: ClassVar[int] = 100
    dictionary_setting: ClassVar[TextSetting] = DICTIONARY

    @override
    async def dictionaries(self) -> tuple[str, ...]:
        """Return the ids of all dictionaries."""
        answer = await self._ask("GET", PATH)
        ids = answer.get("dictionaries")
        if not isinstance(ids, list):
            raise ProviderError(Failure.BROKEN, code="dictionaries")
        return tuple(filter(None, map(values.named, ids[:MAX_BELIEVED])))

    @override
    async def dictionary(self, dictionary_id: str) -> Pronunciations:
        """Return what one dictionary holds; raises `ServiceRejection` NOT_FOUND."""
        return _pronunciations(await self._ask("GET", f"{PATH}/{known_id(dictionary_id)}"), "pronunciations")

    @override
    async def create_dictionary(self, pronunciations: Pronunciations) -> str:
        """Send a new dictionary as the file that the service wants and return its id; raises `ServiceRejection`."""
        answer = await self._ask("POST", PATH, file=self._file(pronunciations))
        if not (dictionary_id := values.text(answer.get("dictionary_id"))):
            raise ProviderError(Failure.BROKEN, code="dictionary_id")
        return dictionary_id

    @override
    async def update_dictionary(self, dictionary_id: str, pronunciations: Pronunciations) -> Pronunciations:
        """Send what is to be added, which the service merges; raises `ServiceRejection`."""
        params = {"dict_id": known_id(dictionary_id)}
        answer = await self._ask("PUT", PATH, params=params, file=self._file(pronunciations))
        return _pronunciations(answer, "updated_pronunciations")

    @override
    async def delete_dictionary(self, dictionary_id: str) -> None:
        """Delete a dictionary; raises `ServiceRejection` NOT_FOUND."""
        answer = await self._ask("DELETE", PATH, params={"dict_id": known_id(dictionary_id)})
        if answer.get("success") is False:
            raise ProviderError(Failure.BROKEN, code="not_deleted")

    def _file(self, pronunciations: Pronunciations) -> bytes:
        """Return a dictionary as it is sent; raises `ServiceRejection`, or INPUT for one that says nothing."""
        if not any(pronunciations.values()):
            raise ProviderError(Failure.INPUT, code="empty")
        if sum(map(len, pronunciations.values())) > self.most_words:
            raise ServiceRejection(Reason.DICTIONARY_LIMIT)
        languages = {wire_language(tag): dict(words) for tag, words in pronunciations.items() if words}
        content = json.dumps({"pronunciations": languages}, ensure_ascii=False).encode()
        if len(content) > MAX_BYTES:
            raise ServiceRejection(Reason.TOO_LARGE)
        return content

    async def _ask(
        self, method: str, path: str, *, params: dict[str, str] | None = None, file: bytes | None = None
    ) -> dict[str, object]:
        """Make a request about dictionaries and return its answer."""
        patience = ResponseTimeouts(self.timeouts if file is None else for_upload(self.timeouts, len(file)))
        form = None if file is None else _form(file)
        async with self.exchange(
            method, path, patience, params=params, form=form, means=dictionary_refused
        ) as response:
            return await wire.read_json(response, patience)


def _form(file: bytes) -> aiohttp.FormData:
    """Return the form that carries a dictionary."""
    return file_form("file", file, name="dictionary.json", content_type="application/json")


def _pronunciations(answer: dict[str, object], key: str) -> Pronunciations:
    """Return the words in an answer by language; raises BROKEN where there is no such list."""
    languages = answer.get(key)
    if not isinstance(languages, dict):
        raise ProviderError(Failure.BROKEN, code=key)
    return {
        tag_of(values.text(language)): {
            values.text(word): values.text(said) for word, said in words.items() if isinstance(said, str)
        }
        for language, words in languages.items()
        if isinstance(words, dict)
    }
