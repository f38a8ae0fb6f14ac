/*
 * The browser as a speaker of the demo, on every page, and two cards for its dashboard: one speaks a text, one asks
 * the assistant and speaks the answer while it is being written.
 */

const { conn } = await window.hassConnection;

/* Playback in this tab. A new sound replaces the current one. */
class Loudspeaker extends EventTarget {
  #audio = null;
  #volume = 1;

  async listen() {
    await conn.subscribeMessage((command) => this.#obey(command), { type: "demo_tools/listen" });
  }

  play(url) {
    this.stop();
    const audio = new Audio(url);
    audio.volume = this.#volume;
    this.#audio = audio;
    audio.addEventListener("playing", () => this.#tell(audio, "playing"), { once: true });
    for (const end of ["ended", "error"]) {
      audio.addEventListener(end, () => this.#tell(audio, "ended"), { once: true });
    }
    // Browsers refuse playback until the user has clicked on the page
    audio.play().catch(() => this.#tell(audio, "ended"));
  }

  stop() {
    const audio = this.#audio;
    if (!audio) return;
    audio.pause();
    this.#tell(audio, "ended");
  }

  #obey(command) {
    if (command.volume !== undefined) {
      this.#volume = command.volume;
      if (this.#audio) this.#audio.volume = command.volume;
    }
    if (command.play) this.play(command.play);
    if (command.stop) this.stop();
  }

  #tell(audio, state) {
    if (audio !== this.#audio) return;
    if (state === "ended") this.#audio = null;
    const at = performance.now();
    this.dispatchEvent(new CustomEvent(state, { detail: { at, seconds: audio.currentTime } }));
    conn.sendMessagePromise({ type: "demo_tools/playing", playing: state === "playing" });
  }
}

const loudspeaker = new Loudspeaker();
await loudspeaker.listen();

const STYLE = `
  :host { display: block; height: 100%; --tint: color-mix(in srgb, var(--primary-color) 7%, transparent);
    --readable: color-mix(in srgb, var(--primary-color) 55%, var(--primary-text-color)); }
  ha-card { height: 100%; box-sizing: border-box; padding: 16px; display: flex; flex-direction: column; gap: 12px; }
  h2 { margin: 0; font-size: 1.25rem; font-weight: 500; color: var(--primary-text-color); }
  .voices { gap: 6px; }
  .voices button { font-size: .875rem; padding: 6px 10px; }
  .row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
  button {
    font: inherit; cursor: pointer; border-radius: 18px; padding: 6px 12px; min-height: 36px;
    border: 1px solid var(--divider-color); background: transparent; color: var(--primary-text-color);
  }
  button:hover { background: var(--secondary-background-color); }
  button:focus-visible { outline: 2px solid var(--primary-color); outline-offset: 2px; }
  button[aria-pressed="true"] { border-color: var(--readable); color: var(--readable); font-weight: 500; }
  button.go { background: var(--readable); border-color: var(--readable); color: var(--card-background-color); font-weight: 500; }
  button:disabled { opacity: .5; cursor: default; }
  .note { margin: 0; font-size: .875rem; color: var(--primary-text-color); }
  .note:empty { display: none; }
  textarea {
    font: inherit; width: 100%; box-sizing: border-box; padding: 12px; border-radius: 12px; resize: vertical;
    border: 1px solid var(--divider-color); background: var(--tint); color: var(--primary-text-color);
  }
  textarea { flex: 1; min-height: 13em; }
  .answer { flex: 1; min-height: 13.5em; padding: 12px 16px; border-radius: 4px 16px 16px 16px;
    background: var(--tint); color: var(--primary-text-color); line-height: 1.5; }
  .answer:empty::before { content: attr(data-empty); color: var(--primary-text-color); }
  .status { min-height: 48px; flex-wrap: nowrap; color: var(--primary-text-color); }
  .bars { display: inline-flex; gap: 3px; align-items: center; height: 24px; }
  .bars i { width: 4px; height: 5px; border-radius: 2px; background: var(--primary-color); opacity: .4; }
  .playing .bars i { height: 12px; opacity: 1; animation: speak .9s ease-in-out infinite alternate; }
  .playing .bars i:nth-child(even) { height: 20px; }
  .bars i:nth-child(2) { animation-delay: -.3s; } .bars i:nth-child(3) { animation-delay: -.7s; }
  .bars i:nth-child(4) { animation-delay: -.1s; } .bars i:nth-child(5) { animation-delay: -.5s; }
  @media (prefers-reduced-motion: reduce) { .playing .bars i { animation: none; } }
  @keyframes speak { from { height: 5px; } to { height: 24px; } }
`;

/* Base of both cards: the list of voices, and a status line with the latency. */
class SpeakingCard extends HTMLElement {
  #hass = null;
  #waiting = null;
  #event = null;

  set hass(hass) {
    const before = this.#hass?.states[this.#event];
    this.#hass = hass;
    const event = hass.states[this.#event];
    if (this.#event && event !== before) this.#ended(event);
  }

  get hass() {
    return this.#hass;
  }

  /* config: { voices: [{ entity, name, language, ... }] } */
  setConfig(config) {
    this.config = config;
    this.voice = config.voices[0];
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.innerHTML = `
      <style>${STYLE}</style>
      <ha-card>
        ${this.constructor.content}
        <div class="row status" role="status"><span class="bars" aria-hidden="true"><i></i><i></i><i></i><i></i><i></i></span><span class="said"></span></div>
      </ha-card>`;
    this.#showVoices();
    this.built();
    this.voiceChosen();
  }

  getCardSize() {
    return 6;
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6 };
  }

  connectedCallback() {
    loudspeaker.addEventListener("playing", this);
    loudspeaker.addEventListener("ended", this);
  }

  disconnectedCallback() {
    loudspeaker.removeEventListener("playing", this);
    loudspeaker.removeEventListener("ended", this);
  }

  handleEvent(event) {
    if (!this.#waiting) return;
    this.find("ha-card").classList.toggle("playing", event.type === "playing");
    if (event.type === "playing") {
      this.sounded = event.detail.at;
      this.tell(this.heardAfter(event.detail.at - this.#waiting));
    } else if (this.sounded) {
      this.#waiting = null;
    }
  }

  find(selector) {
    return this.shadowRoot.querySelector(selector);
  }

  tell(text) {
    this.text = text;
    this.find(".said").textContent = [text, this.speaker].filter(Boolean).join(" · ");
  }

  /* The event of the voice contains the voice that spoke. */
  #ended({ attributes }) {
    this.#event = null;
    const fallback = attributes.event_type === "taken_over" && this.hass.states[attributes.fallback];
    const name = fallback ? `${fallback.attributes.friendly_name} (fallback)` : this.voice.name;
    this.speaker = `Spoken by ${name}`;
    this.tell(this.text);
  }

  heardAfter(time) {
    return `First sound after ${Math.round(time)} ms`;
  }

  waitFromNow() {
    this.#waiting = performance.now();
  }

  begin() {
    this.waitFromNow();
    this.#event = this.voice.event;
    this.speaker = "";
    this.sounded = null;
    this.tell("Waiting for the first sound");
  }

  fail(error) {
    this.#waiting = null;
    this.tell(error.message ?? String(error));
  }

  #showVoices() {
    const row = this.find(".voices");
    for (const voice of this.config.voices) {
      const button = document.createElement("button");
      button.textContent = `${voice.name} · ${voice.language}`;
      button.addEventListener("click", () => {
        this.voice = voice;
        this.voiceChosen();
      });
      row.append(button);
    }
  }

  voiceChosen() {
    this.shadowRoot.querySelectorAll(".voices button").forEach((button, number) => {
      button.setAttribute("aria-pressed", String(this.config.voices[number] === this.voice));
    });
  }
}

/* Speaks the text with the selected voice, on the media player of this browser. */
class SayCard extends SpeakingCard {
  static content = `
    <h2>Speak a text</h2>
    <p class="note"></p>
    <div class="row voices" role="group" aria-label="Voice"></div>
    <textarea aria-label="Text"></textarea>
    <div class="row"><button class="go">Speak</button></div>`;

  built() {
    this.find(".note").textContent = this.config.note ?? "";
    this.find(".go").addEventListener("click", () => this.#say());
    this.find("textarea").addEventListener("input", () => this.#check());
  }

  voiceChosen() {
    super.voiceChosen();
    this.find("textarea").value = this.voice.sentence;
    this.#check();
  }

  #check() {
    this.find(".go").disabled = !this.find("textarea").value.trim();
  }

  async #say() {
    this.begin();
    try {
      await this.hass.callService("script", "say_it", {
        voice: this.voice.entity,
        message: this.find("textarea").value,
      });
    } catch (error) {
      this.fail(error);
    }
  }
}

/* Asks the assistant. The answer is spoken while it is written. */
class AskCard extends SpeakingCard {
  static content = `
    <h2>Ask the assistant</h2>
    <div class="row voices" role="group" aria-label="Voice"></div>
    <div class="row questions" role="group" aria-label="Questions"></div>
    <div class="answer" role="log" aria-label="Answer" data-empty="The answer appears here word by word and is spoken at the same time."></div>`;

  built() {}

  voiceChosen() {
    super.voiceChosen();
    this.find(".questions").replaceChildren(
      ...this.voice.questions.map((question) => {
        const button = document.createElement("button");
        button.className = "go";
        button.textContent = question;
        button.addEventListener("click", () => this.#ask(question));
        return button;
      })
    );
  }

  async #ask(question) {
    this.begin();
    const answer = this.find(".answer");
    answer.textContent = "";
    let url = null;
    let played = false;
    let begun = false;
    const play = () => {
      if (played) return;
      played = true;
      loudspeaker.play(url);
    };
    const end = await conn.subscribeMessage(
      ({ type, data }) => {
        if (type === "run-start") url = data.tts_output.url;
        if (type === "intent-progress") {
          const words = data.chat_log_delta?.content ?? "";
          if (words && !begun) this.waitFromNow();
          begun ||= Boolean(words);
          answer.append(words);
          if (data.tts_start_streaming) play();
        }
        if (type === "intent-end") this.#written(performance.now());
        if (type === "tts-end") play();
        if (type === "error") this.fail(data);
        if (type === "run-end") end();
      },
      {
        type: "assist_pipeline/run",
        start_stage: "intent",
        end_stage: "tts",
        pipeline: this.voice.pipeline,
        input: { text: question },
      }
    );
  }

  /* The time that the assistant needs for its first word doesn't count. */
  heardAfter(time) {
    return `Heard ${seconds(time)} after the first word was written`;
  }

  #written(at) {
    const lead = at - (this.sounded ?? at);
    if (lead <= 0) return;
    const said = this.text.replace(" was written", "");
    this.tell(`${said}, ${seconds(lead)} before the last word was written`);
  }
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

customElements.define("demo-tools-say", SayCard);
customElements.define("demo-tools-ask", AskCard);
