"""The options of an account: a budget that is kept, warned of and obeyed, and a limit for an utterance."""

import asyncio
from datetime import timedelta
from typing import Any

from freezegun import freeze_time
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.streaming_tts.const import DOMAIN
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
from tests.accounts import account, issues_of, set_up, speak, state_of, suggested
from tests.emulator.emulator import Emulator
from tests.utterances import WAV, expected, kept, stream

SENTENCES = [f"This is the announcement with number {number:03}." for number in range(20)]
LENGTH = len(SENTENCES[0])


def budget(amount: float, **more: Any) -> dict[str, Any]:
    """Return options with a budget of characters, as they are stored."""
    return {"unit": "characters", "amount": amount, "renewal_day": 1, **more}


async def begin(home: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Return the form for the options of an account."""
    menu = await home.config_entries.options.async_init(entry.entry_id)
    assert (menu["type"], menu["menu_options"]) == (FlowResultType.MENU, ["account", "pronunciations"])
    form = await home.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "account"})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "account")
    return form


def defaults(form: ConfigFlowResult, name: str) -> dict[str, Any]:
    """Return what the fields of a section have before anything is entered."""
    schema = form["data_schema"]
    assert schema is not None
    fields = schema.schema[name].schema.schema
    return {str(field): field.default() for field in fields if field.default is not vol.UNDEFINED}


async def answer(home: HomeAssistant, form: ConfigFlowResult, answers: dict[str, Any]) -> ConfigFlowResult:
    """Send a form and return what follows."""
    result = await home.config_entries.options.async_configure(form["flow_id"], answers)
    await home.async_block_till_done(wait_background_tasks=True)
    return result


BUDGET = {"unit": "money", "stop_at_limit": False, "currency": "USD"}
"""The other fields of the budget form."""


async def test_a_budget_of_money_goes_by_the_published_prices(home: HomeAssistant, emulator: Emulator) -> None:
    """The form is filled with what the service bills by; a monthly allowance has a reset, and its sensors appear."""
    entry = await set_up(home, account("asyncflow", emulator))
    form = await begin(home, entry)
    assert defaults(form, "budget") == {"unit": "hours", "stop_at_limit": False, "currency": "USD"}
    budget = {**BUDGET, "amount": 5, "renewal_day": 15}
    answers = {"warn_at": 20, "most_characters": 500, "even_loudness": True, "budget": budget}
    assert (await answer(home, form, answers))["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == {"warn_at": 20, "most_characters": 500, "even_loudness": True, **budget}
    state = state_of(home, "sensor.asyncflow_budget_remaining")
    assert (state.state, state.attributes["unit_of_measurement"]) == ("5.0", "USD")
    assert (state.attributes["device_class"], state.attributes["source"]) == ("monetary", "counted")
    assert dt_util.parse_datetime(state_of(home, "sensor.asyncflow_budget_resets_at").state, raise_on_error=True)


async def test_fields_are_asked_for_where_they_apply(home: HomeAssistant, emulator: Emulator) -> None:
    """A service without published prices has no unit money; one that reports its quota has its own renewal."""
    entry = await set_up(home, account("flow_tts", emulator))
    form = await begin(home, entry)
    assert form["data_schema"] is not None
    assert set(form["data_schema"].schema["budget"].schema.schema) == {"amount", "stop_at_limit"}
    result = await answer(home, form, {"warn_at": 20, "budget": {"amount": 5, "stop_at_limit": True}})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options.items() >= {"unit": "points", "amount": 5, "stop_at_limit": True}.items()


@pytest.mark.parametrize(("provider", "currency"), [("asyncflow", "EUR"), ("sarvam", "USD")])
async def test_money_needs_a_price_in_its_currency(
    home: HomeAssistant, emulator: Emulator, provider: str, currency: str
) -> None:
    """Where none is published in it."""
    entry = await set_up(home, account(provider, emulator))
    money = {**BUDGET, "amount": 5, "currency": currency}
    form = await answer(home, await begin(home, entry), {"warn_at": 20, "budget": money})
    assert form["errors"] == {"budget": "price_missing"}
    assert suggested(form)["budget"]["amount"] == 5
    form = await answer(home, form, {"warn_at": 20, "budget": money | {"price": 0.4}})
    assert form["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["price"] == 0.4


async def test_the_saved_options_are_in_the_form_and_no_budget_needs_no_more(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Without an amount, there is no budget, and its sensors are removed."""
    entry = await set_up(home, account("sarvam", emulator, options=budget(1000, warn_at=30)))
    assert state_of(home, "sensor.sarvam_budget_remaining").state == "1000"
    form = await begin(home, entry)
    assert (suggested(form)["warn_at"], suggested(form)["budget"]["amount"]) == (30, 1000)
    result = await answer(home, form, {"warn_at": 0, "budget": {**BUDGET, "unit": "characters"}})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == {"warn_at": 0, "even_loudness": False}
    registered = er.async_entries_for_config_entry(er.async_get(home), entry.entry_id)
    assert [each.entity_id for each in registered if "budget" in each.entity_id] == []


async def test_a_prepaid_balance_has_no_reset(home: HomeAssistant, emulator: Emulator) -> None:
    """It is what has no day of renewal."""
    entry = await set_up(home, account("asyncflow", emulator))
    answers = {"warn_at": 10, "budget": {**BUDGET, "unit": "hours", "amount": 2}}
    result = await answer(home, await begin(home, entry), answers)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    state = state_of(home, "sensor.asyncflow_budget_remaining")
    assert (state.state, state.attributes["unit_of_measurement"]) == ("2.0", "h")
    assert home.states.get("sensor.asyncflow_budget_resets_at") is None


@pytest.mark.parametrize(
    "wrong", [{"amount": 0}, {"amount": float("nan")}, {"amount": 5, "price": 0}, {"amount": 5, "price": float("nan")}]
)
async def test_an_amount_of_nothing_is_refused_and_can_be_corrected(
    home: HomeAssistant, emulator: Emulator, wrong: dict[str, float]
) -> None:
    """Nothing could be counted with it."""
    entry = await set_up(home, account("asyncflow", emulator))
    form = await answer(home, await begin(home, entry), {"warn_at": 10, "budget": BUDGET | wrong})
    assert form["errors"] == {"budget": "amount_invalid"}
    result = await answer(home, form, {"warn_at": 10, "budget": {**BUDGET, "amount": 2}})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_account_is_billed_in_its_own_unit_or_in_money(home: HomeAssistant, emulator: Emulator) -> None:
    """No other unit can be selected."""
    entry = await set_up(home, account("sarvam", emulator))
    form = await begin(home, entry)
    assert defaults(form, "budget")["unit"] == "characters"
    with pytest.raises(InvalidData):
        await answer(home, form, {"warn_at": 10, "budget": {**BUDGET, "amount": 2, "unit": "hours"}})


async def test_what_is_spoken_is_taken_off(home: HomeAssistant, emulator: Emulator) -> None:
    """Of the budget that was set, over a restart too; a renewal makes it whole."""
    entry = await set_up(home, account("sarvam", emulator, options=budget(1000)))
    await speak(home, SENTENCES[0], **WAV)
    assert await home.config_entries.async_reload(entry.entry_id)
    await speak(home, SENTENCES[1], **WAV)
    assert state_of(home, "sensor.sarvam_budget_remaining").state == str(1000 - 2 * LENGTH)
    assert state_of(home, "sensor.sarvam_budget_used").state == str(2 * LENGTH)
    assert state_of(home, "sensor.sarvam_budget_limit").state == "1000"
    with freeze_time(dt_util.utcnow() + timedelta(days=32)):
        async_fire_time_changed(home, dt_util.utcnow())
        await home.async_block_till_done()
    assert state_of(home, "sensor.sarvam_budget_remaining").state == "1000"


@pytest.mark.parametrize(
    ("provider", "model", "voice", "options", "cost"),
    [
        ("sarvam", "bulbul:v3", "shubh", {}, 0.003 * LENGTH),
        ("sarvam", "bulbul:v4-flash", "aarti_hi_customer", {}, 0.003 * LENGTH),
        ("sarvam", "bulbul:v3", "shubh", {"price": 100, "currency": "EUR"}, 0.1 * LENGTH),
        ("flow_tts", "flow_01_turbo", "v-female-R2s4N9qJ", {"price": 0.25, "currency": "EUR"}, 0.25),
    ],
)
async def test_what_is_spoken_costs_the_published_price_or_that_of_the_user(
    home: HomeAssistant,
    emulator: Emulator,
    *,
    provider: str,
    model: str,
    voice: str,
    options: dict[str, Any],
    cost: float,
) -> None:
    """Over a restart too; a model without a published price costs what the most expensive one does."""
    saved = {"model": model, "voice": voice, "settings": {}}
    money = budget(1000, unit="money", **options)
    entry = await set_up(home, account(provider, emulator, options=money, saved=saved))
    await speak(home, SENTENCES[0], **WAV)
    assert await home.config_entries.async_reload(entry.entry_id)
    await speak(home, SENTENCES[1], **WAV)
    remaining = float(state_of(home, f"sensor.{provider}_budget_remaining").state)
    assert remaining == pytest.approx(1000 - 2 * cost, abs=1e-4)
    assert float(state_of(home, f"sensor.{provider}_budget_used").state) == pytest.approx(2 * cost, abs=1e-4)


@pytest.mark.parametrize(("model", "price"), [("async_flash_v1.5", 0.5), ("async_pro_v1.0", 1.0)])
async def test_an_hour_costs_what_its_model_costs(
    home: HomeAssistant, emulator: Emulator, model: str, price: float
) -> None:
    """At AsyncFlow, by the length of the audio."""
    options = budget(1, unit="money", currency="USD")
    saved = {"model": model, "settings": {}}
    entry = await set_up(home, account("asyncflow", emulator, options=options, saved=saved))
    await speak(home, " ".join(SENTENCES), **WAV)
    hours = entry.runtime_data.ledger.charged.seconds / 3600
    assert entry.runtime_data.budget.used == pytest.approx(hours * price)


async def test_the_user_corrects_a_balance(home: HomeAssistant, emulator: Emulator) -> None:
    """By an action; a number that cannot be is refused, and so is an account without a budget."""
    entry = await set_up(home, account("sarvam", emulator, options=budget(1000)))
    call = {"config_entry_id": entry.entry_id}
    await home.services.async_call(DOMAIN, "set_balance", {**call, "remaining": "400.0"}, blocking=True)
    await home.async_block_till_done()
    assert state_of(home, "sensor.sarvam_budget_remaining").state == "400"
    for nonsense in (-1, "many", "nan", 1e300, None):
        with pytest.raises(vol.Invalid):
            await home.services.async_call(DOMAIN, "set_balance", {**call, "remaining": nonsense}, blocking=True)
    assert state_of(home, "sensor.sarvam_budget_remaining").state == "400"
    other = await set_up(home, account("asyncflow", emulator, voices=("Ben",)))
    call = {"config_entry_id": other.entry_id, "remaining": 5}
    with pytest.raises(ServiceValidationError) as refused:
        await home.services.async_call(DOMAIN, "set_balance", call, blocking=True)
    assert refused.value.translation_key == "no_budget"


async def test_warnings_come_and_go_by_themselves(
    home: HomeAssistant, emulator: Emulator, issue_registry: ir.IssueRegistry
) -> None:
    """At the selected threshold, and when nothing is left; with quota and budget."""
    entry = await set_up(home, account("sarvam", emulator, options=budget(LENGTH * 4, warn_at=50)))
    await speak(home, SENTENCES[0], **WAV)
    assert issues_of(issue_registry, entry) == set()
    await speak(home, SENTENCES[1], **WAV)
    assert issues_of(issue_registry, entry) == {"budget_low"}
    await speak(home, SENTENCES[2], **WAV)
    await speak(home, SENTENCES[3], **WAV)
    assert issues_of(issue_registry, entry) == {"budget_exhausted"}
    state = state_of(home, "binary_sensor.sarvam_quota_exhausted")
    assert (state.state, state.attributes["source"]) == ("on", "counted")
    call = {"config_entry_id": entry.entry_id, "remaining": 10_000}
    await home.services.async_call(DOMAIN, "set_balance", call, blocking=True)
    await home.async_block_till_done()
    assert issues_of(issue_registry, entry) == set()
    assert state_of(home, "binary_sensor.sarvam_quota_exhausted").state == "off"


async def test_a_quota_that_the_service_tells_is_warned_of_too(
    home: HomeAssistant, emulator: Emulator, issue_registry: ir.IssueRegistry
) -> None:
    """At ten percent, if nothing else was chosen; over a restart; and gone with the account."""
    entry = await set_up(home, account("flow_tts", emulator))
    emulator.flow.change_quota({"remaining": 12})
    await speak(home, SENTENCES[0], **WAV)
    await speak(home, SENTENCES[1], **WAV)
    assert state_of(home, "sensor.flow_tts_quota_remaining").state == "10"
    assert issues_of(issue_registry, entry) == {"quota_low"}
    assert await home.config_entries.async_reload(entry.entry_id)
    assert issues_of(issue_registry, entry) == {"quota_low"}
    await home.config_entries.async_remove(entry.entry_id)
    assert issues_of(issue_registry, entry) == set()


async def with_budget(home: HomeAssistant, emulator: Emulator, *, stop: bool, fallback: bool) -> MockConfigEntry:
    """Set up Anna whose budget is enough for one announcement, and Ben who may take over from her."""
    await set_up(home, account("asyncflow", emulator, voices=("Ben",)))
    registered = er.async_get(home).async_get("tts.ben")
    assert registered is not None
    options = budget(LENGTH, stop_at_limit=stop, warn_at=0)
    saved = {"fallback": registered.id} if fallback else {}
    entry = await set_up(home, account("sarvam", emulator, saved=saved, options=options))
    assert (await speak(home, SENTENCES[0], **WAV))[44:] == expected("sarvam", SENTENCES[0])
    return entry


@pytest.mark.parametrize(
    ("stop", "fallback", "speaker"),
    [(False, True, "sarvam"), (False, False, "sarvam"), (True, True, "asyncflow")],
)
async def test_speech_stops_at_the_limit_where_that_is_chosen_and_a_fallback_still_speaks(
    home: HomeAssistant, emulator: Emulator, *, stop: bool, fallback: bool, speaker: str
) -> None:
    """The service is asked only where speech goes on."""
    await with_budget(home, emulator, stop=stop, fallback=fallback)
    assert (await speak(home, SENTENCES[1], **WAV))[44:] == expected(speaker, SENTENCES[1])
    assert emulator.sarvam.account.characters == (LENGTH if stop else 2 * LENGTH)


async def test_texts_at_the_same_time_do_not_overspend_a_budget_together(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """What is in flight is set aside; a text that was refused can be spoken once there is something left."""
    options = budget(LENGTH, stop_at_limit=True, warn_at=0)
    await set_up(home, account("sarvam", emulator, options=options))
    spoken = await asyncio.gather(*(speak(home, text, **WAV) for text in SENTENCES[:5]), return_exceptions=True)
    refused = [error for error in spoken if isinstance(error, HomeAssistantError)]
    assert [error.translation_key for error in refused] == ["budget_exhausted"] * 4
    assert emulator.sarvam.account.characters == LENGTH


async def test_an_account_that_stops_says_so(home: HomeAssistant, emulator: Emulator) -> None:
    """In words; what is in memory costs nothing and is still spoken; what the user adds is used."""
    entry = await with_budget(home, emulator, stop=True, fallback=False)
    with pytest.raises(HomeAssistantError) as refused:
        await speak(home, SENTENCES[1], **WAV)
    assert refused.value.translation_key == "budget_exhausted"
    assert await speak(home, SENTENCES[0])
    assert emulator.sarvam.account.characters == LENGTH
    told = state_of(home, "binary_sensor.sarvam_quota_exhausted")
    assert (told.state, told.attributes["source"]) == ("on", "counted")
    call = {"config_entry_id": entry.entry_id, "remaining": 100}
    await home.services.async_call(DOMAIN, "set_balance", call, blocking=True)
    assert (await speak(home, SENTENCES[1], **WAV))[44:] == expected("sarvam", SENTENCES[1])


@pytest.mark.parametrize("written", [False, True])
async def test_an_utterance_ends_at_its_limit_behind_a_sentence(
    home: HomeAssistant,
    emulator: Emulator,
    caplog: pytest.LogCaptureFixture,
    tts_cache: Any,
    written: bool,
) -> None:
    """Nothing beyond the limit is requested; the event has the reason, and the audio isn't cached as complete."""
    await set_up(home, account("sarvam", emulator, options={"most_characters": 5 * LENGTH}))
    text = " ".join(SENTENCES)

    async def chunks() -> Any:
        for begin in range(0, len(text), 20):
            yield text[begin : begin + 20]

    sound = await (stream(home, chunks(), **WAV) if written else speak(home, text, **WAV))
    await home.async_block_till_done()
    assert sound[44:] == expected("sarvam", " ".join(SENTENCES[:4]))
    assert emulator.sarvam.account.characters <= 5 * LENGTH
    event = state_of(home, "event.anna_speech").attributes
    assert (event["event_type"], event["reason"]) == ("stopped", "limit")
    assert "maximum message length" in caplog.text
    assert SENTENCES[0] not in caplog.text
    assert not [name for name in kept(tts_cache) if "disowned" not in name]
