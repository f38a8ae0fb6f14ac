"""The options of an account: a budget that is kept, warned of and obeyed, and a limit for an utterance."""

from datetime import timedelta
from typing import Any

from freezegun import freeze_time
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
import voluptuous as vol

from custom_components.streaming_tts.const import DOMAIN
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
from tests.accounts import account, set_up, speak, state_of, suggested
from tests.emulator.emulator import Emulator
from tests.test_exhaustion import issues_of
from tests.test_tts import WAV, asked, expected, kept, stream

PRICES = {"price_characters": 0, "price_hour": 0, "currency": "EUR"}
SENTENCES = [f"This is the announcement with number {number:03}." for number in range(20)]
LENGTH = len(SENTENCES[0])


def budget(amount: float, **more: Any) -> dict[str, Any]:
    """Return options with a budget of characters, as they are stored."""
    return {"budget": "monthly", "unit": "characters", "amount": amount, "renewal_day": 1, **PRICES, **more}


async def begin(home: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Return the form for the options of an account."""
    menu = await home.config_entries.options.async_init(entry.entry_id)
    assert (menu["type"], menu["menu_options"]) == (FlowResultType.MENU, ["account", "pronunciations"])
    form = await home.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "account"})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "account")
    return form


async def answer(home: HomeAssistant, form: ConfigFlowResult, answers: dict[str, Any]) -> ConfigFlowResult:
    """Send a form and return what follows."""
    result = await home.config_entries.options.async_configure(form["flow_id"], answers)
    await home.async_block_till_done(wait_background_tasks=True)
    return result


async def test_a_budget_is_asked_for_in_a_step_of_its_own(home: HomeAssistant, emulator: Emulator) -> None:
    """Filled with what the provider charges by; an allowance has a day of renewal, and its sensors appear."""
    entry = await set_up(home, account("asyncflow", emulator))
    form = await answer(home, await begin(home, entry), {"warn_at": 20, "most_characters": 500, "budget": "monthly"})
    assert form["step_id"] == "budget"
    filled = suggested(form)
    assert (filled["unit"], filled["prices"]["price_hour"], filled["prices"]["currency"]) == ("hours", 0.5, "USD")
    money = {"price_characters": 0, "price_hour": 0, "currency": "USD"}
    answers = {"unit": "money", "amount": 5, "renewal_day": 15, "when_used_up": "fallback"}
    form = await answer(home, form, {**answers, "prices": money})
    assert form["errors"] == {"base": "price_missing"}
    result = await answer(home, form, {**answers, "prices": money | {"price_hour": 0.5}})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    given = {"warn_at": 20, "most_characters": 500, "budget": "monthly", **answers, **money, "price_hour": 0.5}
    assert entry.options.items() >= given.items()
    state = state_of(home, "sensor.asyncflow_budget_remaining")
    assert (state.state, state.attributes["unit_of_measurement"]) == ("5.0", "USD")
    assert (state.attributes["device_class"], state.attributes["state_class"]) == ("monetary", "total")
    assert state.attributes["source"] == "counted"
    assert dt_util.parse_datetime(state_of(home, "sensor.asyncflow_budget_reset").state, raise_on_error=True)


async def test_the_saved_options_are_in_the_form_and_no_budget_needs_no_more(
    home: HomeAssistant, emulator: Emulator
) -> None:
    """Without one its sensors are gone."""
    entry = await set_up(home, account("sarvam", emulator, options=budget(1000, warn_at=30)))
    assert state_of(home, "sensor.sarvam_budget_remaining").state == "1000"
    form = await begin(home, entry)
    assert (suggested(form)["warn_at"], suggested(form)["budget"]) == (30, "monthly")
    result = await answer(home, form, {"warn_at": 0, "budget": "none"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert state_of(home, "sensor.sarvam_budget_remaining").state == "unavailable"


async def test_a_balance_has_no_renewal(home: HomeAssistant, emulator: Emulator) -> None:
    """Neither in the form nor as a sensor."""
    entry = await set_up(home, account("sarvam", emulator))
    form = await answer(home, await begin(home, entry), {"warn_at": 10, "budget": "balance"})
    with pytest.raises(InvalidData):
        await answer(home, form, {"unit": "hours", "amount": 2, "renewal_day": 3, "prices": PRICES})
    result = await answer(home, form, {"unit": "hours", "amount": 2, "when_used_up": "warn", "prices": PRICES})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    state = state_of(home, "sensor.sarvam_budget_remaining")
    assert (state.state, state.attributes["unit_of_measurement"]) == ("2.0", "h")
    assert home.states.get("sensor.sarvam_budget_reset") is None


async def test_an_amount_that_is_no_number_is_told_and_can_be_mended(home: HomeAssistant, emulator: Emulator) -> None:
    """Nothing could be reckoned with it."""
    entry = await set_up(home, account("sarvam", emulator))
    form = await answer(home, await begin(home, entry), {"warn_at": 10, "budget": "balance"})
    answers = {"unit": "hours", "when_used_up": "warn", "prices": PRICES}
    form = await answer(home, form, {**answers, "amount": float("nan")})
    assert form["errors"] == {"base": "amount_invalid"}
    assert (await answer(home, form, {**answers, "amount": 2}))["type"] is FlowResultType.CREATE_ENTRY


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


@pytest.mark.parametrize(("model", "voice", "price"), [("bulbul:v3", "shubh", 1.0), ("bulbul:v2", "anushka", 0.5)])
async def test_what_is_spoken_costs_what_its_model_costs(
    home: HomeAssistant, emulator: Emulator, model: str, voice: str, price: float
) -> None:
    """Over a restart too; a model without a price of its own costs what the others do."""
    options = budget(1000, unit="money", price_characters=10_000, price_bulbul_v2=5_000)
    saved = {"model": model, "voice": voice, "settings": {}}
    entry = await set_up(home, account("sarvam", emulator, options=options, saved=saved))
    await speak(home, SENTENCES[0], **WAV)
    assert await home.config_entries.async_reload(entry.entry_id)
    await speak(home, SENTENCES[1], **WAV)
    assert float(state_of(home, "sensor.sarvam_budget_remaining").state) == 1000 - 2 * LENGTH * price
    assert float(state_of(home, "sensor.sarvam_budget_used").state) == 2 * LENGTH * price


@pytest.mark.parametrize(
    ("provider", "price", "published"),
    [("sarvam", "price_bulbul_v2", 15.0), ("asyncflow", "price_async_pro", 1.0), ("flow_tts", None, None)],
)
async def test_a_model_may_have_a_price_of_its_own(
    home: HomeAssistant, emulator: Emulator, provider: str, price: str | None, published: float | None
) -> None:
    """The published one is in a new form; one that was left empty stays so."""
    entry = await set_up(home, account(provider, emulator))
    first = {"warn_at": 10, "budget": "balance"}
    form = await answer(home, await begin(home, entry), first)
    filled = suggested(form)["prices"]
    assert {key for key in filled if key not in PRICES} == {price} - {None}
    assert filled.get(price or "") == published
    answers = {"unit": "money", "amount": 2, "when_used_up": "warn", "prices": PRICES | {"price_hour": 0.5}}
    assert (await answer(home, form, answers))["type"] is FlowResultType.CREATE_ENTRY
    form = await answer(home, await begin(home, entry), first)
    assert suggested(form)["prices"].get(price or "") is None
    assert suggested(form)["prices"]["price_hour"] == 0.5


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
    """At the threshold that was chosen, and when nothing is left; both kinds of account."""
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
    emulator.flow.change_quota({"remaining": 11})
    await speak(home, SENTENCES[0], **WAV)
    assert state_of(home, "sensor.flow_tts_quota_remaining").state == "10"
    assert issues_of(issue_registry, entry) == {"quota_low"}
    assert await home.config_entries.async_reload(entry.entry_id)
    assert issues_of(issue_registry, entry) == {"quota_low"}
    await home.config_entries.async_remove(entry.entry_id)
    assert issues_of(issue_registry, entry) == set()


async def with_budget(home: HomeAssistant, emulator: Emulator, when_used_up: str, *, fallback: bool) -> MockConfigEntry:
    """Set up Anna whose budget is enough for one announcement, and Ben who may take over from her."""
    await set_up(home, account("asyncflow", emulator, voices=("Ben",)))
    registered = er.async_get(home).async_get("tts.ben")
    assert registered is not None
    # A socket that was opened ahead would be one request for all that goes over it
    options = budget(LENGTH, when_used_up=when_used_up, warn_at=0) | {"open_ahead": False}
    saved = {"fallback": registered.id} if fallback else {}
    entry = await set_up(home, account("sarvam", emulator, saved=saved, options=options))
    assert (await speak(home, SENTENCES[0], **WAV))[44:] == expected("sarvam", SENTENCES[0])
    return entry


@pytest.mark.parametrize(
    ("when_used_up", "fallback", "speaker"),
    [
        ("warn", True, "sarvam"),
        ("warn", False, "sarvam"),
        ("fallback", True, "asyncflow"),
        ("fallback", False, "sarvam"),
        ("stop", True, "asyncflow"),
    ],
)
async def test_what_happens_when_a_budget_is_used_up_is_chosen(
    home: HomeAssistant, emulator: Emulator, when_used_up: str, fallback: bool, speaker: str
) -> None:
    """Somebody speaks, and the service is asked only where that is wanted."""
    await with_budget(home, emulator, when_used_up, fallback=fallback)
    before = asked(emulator, "sarvam")
    assert (await speak(home, SENTENCES[1], **WAV))[44:] == expected(speaker, SENTENCES[1])
    assert asked(emulator, "sarvam") - before == (speaker == "sarvam")


async def test_an_account_that_stops_says_so(home: HomeAssistant, emulator: Emulator) -> None:
    """In words; what is in memory costs nothing and is still spoken; what the user adds is used."""
    entry = await with_budget(home, emulator, "stop", fallback=False)
    before = asked(emulator, "sarvam")
    with pytest.raises(HomeAssistantError) as refused:
        await speak(home, SENTENCES[1], **WAV)
    assert refused.value.translation_key == "budget_exhausted"
    assert await speak(home, SENTENCES[0])
    assert asked(emulator, "sarvam") == before
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
    """Nothing beyond it is asked for; it is said, and the cut sound is not kept as the whole."""
    await set_up(home, account("sarvam", emulator, options={"most_characters": 5 * LENGTH}))
    text = " ".join(SENTENCES)

    async def chunks() -> Any:
        for begin in range(0, len(text), 20):
            yield text[begin : begin + 20]

    sound = await (stream(home, chunks(), **WAV) if written else speak(home, text, **WAV))
    await home.async_block_till_done()
    assert sound[44:] == expected("sarvam", " ".join(SENTENCES[:4]))
    assert emulator.sarvam.account.characters <= 5 * LENGTH
    event = state_of(home, "event.anna_utterance").attributes
    assert (event["event_type"], event["reason"]) == ("stopped", "limit")
    assert "limit of" in caplog.text
    assert SENTENCES[0] not in caplog.text
    assert not [name for name in kept(tts_cache) if "disowned" not in name]
