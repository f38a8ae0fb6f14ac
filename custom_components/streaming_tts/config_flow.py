"""The account flow: select a provider, verify the key, and create the account with its first voice."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from itertools import chain, count
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
    UnknownEntry,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .account import migration
from .account.credentials import credentials_data, entry_credentials
from .account.options import CONF_EVEN_LOUDNESS
from .account.runtime import StreamingTtsConfigEntry, async_create_account
from .const import (
    CONF_AUTH_URL,
    CONF_BASE_URL,
    CONF_PROVIDER,
    CONF_PUBLIC_KEY,
    DOMAIN,
    SECTION_CONNECTION,
    SUBENTRY_TYPE_VOICE,
)
from .entity import voice_page
from .errors import form_error, literal
from .flows import forms
from .flows.forms import Answers, FormError
from .flows.options import AccountOptionsFlow
from .flows.voice import VoiceFlow
from .providers import PROVIDERS
from .providers.capabilities import SessionRenewal
from .providers.provider import Provider
from .providers.types import AccountInfo, AccountProblem, Credentials, Failure, ProviderError
from .voices.catalogue import declared_voice
from .voices.languages import home_languages
from .voices.settings import saved_voice, short_name


class StreamingTtsConfigFlow(ConfigFlow, domain=DOMAIN):
    """Adds an account, replaces its key, or changes its URL."""

    VERSION = migration.VERSION
    MINOR_VERSION = migration.MINOR_VERSION

    _title: str
    _provider: type[Provider]
    _base_url: str
    _credentials: Credentials
    _stored: Credentials | None = None

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: StreamingTtsConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the subentry types: an account has voices."""
        return {SUBENTRY_TYPE_VOICE: VoiceFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: StreamingTtsConfigEntry) -> OptionsFlow:
        """Return the options flow."""
        return AccountOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the providers. Each has its own step, named after its key."""
        return self.async_show_menu(step_id="user", menu_options=list(PROVIDERS))

    async def async_step_reauth(self, entry_data: Answers) -> ConfigFlowResult:
        """Start reauthentication after the service refused the stored key."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: Answers | None = None) -> ConfigFlowResult:
        """Request a new key for the account."""
        self._take_up()
        return await self._async_step_credentials(user_input)

    async def async_step_reconfigure(self, user_input: Answers | None = None) -> ConfigFlowResult:
        """Request another key or URL."""
        self._take_up()
        return await self._async_step_credentials(user_input)

    async def async_step_renewal(self, user_input: Answers | None = None) -> ConfigFlowResult:
        """Let the user confirm the sign-in server, and renew the session there to verify that this works."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                await self._async_renew(user_input)
                await self._async_prove()
            except FormError as err:
                errors = err.errors
            else:
                return await self._async_finish()
            if errors.get("base") in ("session_refused", "invalid_auth"):
                return self._show_credentials(None, errors)
        return self.async_show_form(
            step_id="renewal",
            data_schema=self.add_suggested_values_to_schema(
                forms.renewal_schema(), user_input or await self._async_suggest_renewal()
            ),
            errors=errors,
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Link to the voice that was created with the account, or start the form for it if there is none.

        A following flow would hide the page with the link.
        """
        entry = result["result"]
        if entry.state is not ConfigEntryState.LOADED:
            return result
        for subentry in entry.subentries.values():
            result["description"] = "voice"
            result["description_placeholders"] = {
                "voice": literal(subentry.title),
                "voice_url": voice_page(self.hass, subentry.subentry_id),
            }
        if not entry.subentries:
            voice_flow = await self.hass.config_entries.subentries.async_init(
                (entry.entry_id, SUBENTRY_TYPE_VOICE), context=SubentryFlowContext(source=SOURCE_USER)
            )
            result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, voice_flow["flow_id"])
        return result

    async def _async_step_add(self, provider: type[Provider], user_input: Answers | None) -> ConfigFlowResult:
        """Request the credentials of a new account."""
        self._title = provider.name
        self._provider = provider
        self._base_url = provider.default_base_url
        return await self._async_step_credentials(user_input)

    async def _async_step_credentials(self, user_input: Answers | None) -> ConfigFlowResult:
        """Request credentials and verify them. Renewable ones have an additional step."""
        if user_input is None:
            return self._show_credentials(None, {})
        try:
            if self._is_unchanged(user_input):
                return await self._async_prove_stored()
            self._read(user_input)
            if self._credentials.refresh_token is not None:
                await self._async_reach()
                return await self.async_step_renewal()
            await self._async_prove()
        except FormError as err:
            return self._show_credentials(user_input, err.errors)
        return await self._async_finish()

    def _show_credentials(self, answers: Answers | None, errors: dict[str, str]) -> ConfigFlowResult:
        """Show the credentials form for the source of the flow.

        The URL is expanded if it may be the cause of an error.
        """
        has_problem = errors.get("base") in ("cannot_connect", "unknown")
        schema = forms.credentials_schema(
            self._provider,
            # A stored key is never shown; an empty field keeps it
            required=self.source != SOURCE_RECONFIGURE,
            with_address=self.source != SOURCE_REAUTH,
            address_open=SECTION_CONNECTION in errors or (has_problem and not self._has_usual_address),
        )
        return self.async_show_form(
            step_id=self._credentials_step,
            data_schema=self.add_suggested_values_to_schema(
                schema,
                answers
                or {
                    **forms.shown_credentials(self._provider, self._kept),
                    SECTION_CONNECTION: {CONF_BASE_URL: self._base_url},
                },
            ),
            errors=errors,
            description_placeholders={
                "account": literal(self._title),
                "provider": self._provider.name,
                "key_url": self._provider.portal_url,
                **self._provider.form_placeholders,
            },
        )

    @property
    def _has_usual_address(self) -> bool:
        return self._base_url == self._provider.default_base_url

    @property
    def _credentials_step(self) -> str:
        """Return the step with the texts for this kind of credentials."""
        if self.source not in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
            return self._provider.key
        if self._provider.credential_kind == Provider.credential_kind:
            return "reauth_confirm" if self.source == SOURCE_REAUTH else "reconfigure"
        return f"{self.source}_{self._provider.credential_kind}"

    @property
    def _entry(self) -> StreamingTtsConfigEntry:
        """Return the account to change. Abort the flow if it was removed."""
        try:
            return self._get_reauth_entry() if self.source == SOURCE_REAUTH else self._get_reconfigure_entry()
        except UnknownEntry:
            raise AbortFlow("entry_removed") from None

    def _take_up(self) -> None:
        """Start with the data of an account. Abort the flow if its provider is unknown."""
        entry = self._entry
        if entry.data[CONF_PROVIDER] not in PROVIDERS:
            raise AbortFlow("provider_unknown")
        self._title = entry.title
        self._provider = PROVIDERS[entry.data[CONF_PROVIDER]]
        self._base_url = entry.data.get(CONF_BASE_URL, self._provider.default_base_url)
        self._stored = entry_credentials(entry.data)

    @property
    def _kept(self) -> Mapping[str, str]:
        """Return the form values of the stored credentials, empty for a new account."""
        return {} if self._stored is None else self._provider.answers_of(self._stored)

    def _is_unchanged(self, answers: Answers) -> bool:
        """Return True if a reconfiguration form was submitted without changes."""
        shown = forms.shown_credentials(self._provider, self._kept)
        return (
            self.source == SOURCE_RECONFIGURE
            and not any(answers.get(each.key) for each in self._provider.credential_fields if each.secret)
            and shown.items() <= answers.items()
            and answers[SECTION_CONNECTION].get(CONF_BASE_URL, "").strip().rstrip("/") == self._base_url
        )

    def _read(self, answers: Answers) -> None:
        """Read credentials and URL. Raises `FormError`.

        A stored key is never sent to a new URL: changing the URL requires the key again.
        """
        before = self._base_url or (self._stored and self._provider.address_of(self._stored))
        if SECTION_CONNECTION in answers:
            self._base_url = forms.read_base_url(self._provider, answers[SECTION_CONNECTION])
        kept = self._kept if self.source == SOURCE_RECONFIGURE else {}
        self._credentials = forms.read_credentials(self._provider, answers, kept)
        if (self._base_url or self._provider.address_of(self._credentials)) != before:
            forms.read_credentials(self._provider, answers, {})

    @property
    def _renewal(self) -> type[SessionRenewal]:
        """Return the provider as one that renews sessions."""
        assert issubclass(self._provider, SessionRenewal)
        return self._provider

    async def _async_suggest_renewal(self) -> dict[str, str | None]:
        """Return the suggested sign-in server, and its public key if the service publishes it."""
        try:
            public_key = await self._renewal.public_key(async_get_clientsession(self.hass), self._base_url)
        except ProviderError:
            public_key = None
        return {CONF_AUTH_URL: self._credentials.auth_url, CONF_PUBLIC_KEY: public_key}

    async def _async_renew(self, answers: Answers) -> None:
        """Renew the session at the server that the user entered. Raises `FormError`."""
        address = forms.read_address(answers, CONF_AUTH_URL)
        self._credentials = replace(
            self._credentials, auth_url=address, public_key=answers.get(CONF_PUBLIC_KEY) or None
        )
        try:
            self._credentials = await self._renewal.renewed(async_get_clientsession(self.hass), self._credentials)
        except ProviderError as err:
            reason = "session_refused" if err.failure is Failure.AUTH else form_error(err)
            raise FormError("base", reason) from None

    async def _async_reach(self) -> None:
        """Check that the service is reachable before a refresh token is used. Raises `FormError`.

        An expired access token is not an error yet. It must not be renewed before the user has confirmed the server.
        """
        unrenewable = replace(self._credentials, refresh_token=None)
        provider = self._provider(async_get_clientsession(self.hass), unrenewable, base_url=self._base_url)
        try:
            await provider.voices()
        except ProviderError as err:
            if err.failure is not Failure.AUTH or err.problem is AccountProblem.ONLY_EMAIL:
                raise FormError("base", form_error(err)) from None

    async def _async_prove(self) -> None:
        """Verify the credentials, and set the unique id of the flow. Raises `FormError`."""
        provider = self._provider(async_get_clientsession(self.hass), self._credentials, base_url=self._base_url)
        try:
            account: AccountInfo = await provider.verify()
        except ProviderError as err:
            raise FormError("base", form_error(err)) from None
        await self.async_set_unique_id(f"{provider.key}_{account.account_id}", raise_on_progress=False)

    async def _async_prove_stored(self) -> ConfigFlowResult:
        """Verify the stored key, renewed if necessary, and reload the account.

        Raises `FormError`.
        """
        account = await async_create_account(self.hass, self._entry)
        try:
            await account.provider.verify()
        except ProviderError as err:
            if err.failure is not Failure.QUOTA:
                raise FormError("base", form_error(err)) from None
        finally:
            await account.close()
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_abort(reason="reconfigure_successful")

    async def _async_first_voice(self, account: str) -> list[ConfigSubentryData]:
        """Return the first voice of an account: the provider's default for Home Assistant's language, if any."""
        provider = self._provider(async_get_clientsession(self.hass), self._credentials, base_url=self._base_url)
        try:
            voices = await provider.voices()
        except ProviderError:
            return []  # Home Assistant retries the setup of the account, and the user adds the voice
        config = self.hass.config
        if (declared := declared_voice(provider, voices, home_languages(config.language, config.country))) is None:
            return []
        voice, model, language = declared
        return [
            ConfigSubentryData(
                data=saved_voice(voice.voice_id, model, language),
                subentry_type=SUBENTRY_TYPE_VOICE,
                title=f"{account} {short_name(voice, config.language)}",
                unique_id=None,
            )
        ]

    async def _async_finish(self) -> ConfigFlowResult:
        """Store the verified credentials."""
        data: dict[str, Any] = {CONF_PROVIDER: self._provider.key, **credentials_data(self._credentials)}
        if not self._has_usual_address:
            data[CONF_BASE_URL] = self._base_url
        if self.source not in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
            self._abort_if_unique_id_configured(reload_on_update=False)
            title = self._free_title()
            return self.async_create_entry(
                title=title,
                data=data,
                options={CONF_EVEN_LOUDNESS: True},
                subentries=await self._async_first_voice(title),
            )

        entry = self._entry
        if self._provider.names_account:
            self._abort_if_unique_id_mismatch(reason="wrong_account")
        other = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, self.unique_id or "")
        if other is not None and other is not entry:
            return self.async_abort(reason="already_configured")
        if entry.update_listeners and data == entry.data:
            # The key is valid, but the account is in backoff until a reload, and unchanged data notifies no listener
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        # An entry that failed to set up has no listener that would reload it
        update = self.async_update_and_abort if entry.update_listeners else self.async_update_reload_and_abort
        return update(entry, unique_id=self.unique_id, data=data)

    def _free_title(self) -> str:
        """Return the name of the provider, numbered from its second account on."""
        name, taken = self._provider.name, {entry.title for entry in self._async_current_entries()}
        names = chain((name,), (f"{name} {number}" for number in count(2)))
        return next(each for each in names if each not in taken)


type Step = Callable[[StreamingTtsConfigFlow, Answers | None], Awaitable[ConfigFlowResult]]


def _add_step(provider: type[Provider]) -> Step:
    """Return the step that requests the credentials of a new account at a provider."""

    async def step(flow: StreamingTtsConfigFlow, user_input: Answers | None = None) -> ConfigFlowResult:
        return await flow._async_step_add(provider, user_input)  # noqa: SLF001

    return step


for _each in PROVIDERS.values():
    setattr(StreamingTtsConfigFlow, f"async_step_{_each.key}", _add_step(_each))
    if _each.credential_kind != Provider.credential_kind:
        for _source, _step in ((SOURCE_REAUTH, "reauth_confirm"), (SOURCE_RECONFIGURE, "reconfigure")):
            _same = getattr(StreamingTtsConfigFlow, f"async_step_{_step}")
            setattr(StreamingTtsConfigFlow, f"async_step_{_source}_{_each.credential_kind}", _same)
