"""Record the audio of a tab: each file is saved as decoded samples."""

import base64
from typing import Final

from playwright.async_api import Page

from tests.emulator.sound import Sound

LISTEN: Final = """
    window.recordings = [];
    const played = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
        if (!this.recording) {
            const context = new AudioContext();
            const source = context.createMediaElementSource(this);
            const tap = context.createScriptProcessor(2048, 1, 1);
            const recording = { path: new URL(this.src).pathname, rate: context.sampleRate, pieces: [], ended: false };
            tap.onaudioprocess = (event) => recording.pieces.push(event.inputBuffer.getChannelData(0).slice());
            source.connect(tap).connect(context.destination);
            // What has been decoded by then is still on its way through the graph
            this.addEventListener("ended", () => setTimeout(() => {
                recording.ended = true;
                context.close();
            }, 300));
            window.recordings.push(recording);
            this.recording = recording;
        }
        return played.call(this);
    };
"""
"""Script to run before anything else in the tab."""
_HEARD: Final = "window.recordings.length && window.recordings[0].ended"
_TAKE: Final = """() => {
    const [{ path, rate, pieces }] = window.recordings.splice(0, 1);
    const samples = Int16Array.from(pieces.flatMap((piece) => Array.from(piece, (value) => value * 32767)));
    let binary = "";
    for (const byte of new Uint8Array(samples.buffer)) binary += String.fromCharCode(byte);
    return { path, rate, samples: btoa(binary) };
}"""


async def heard(page: Page, *, seconds: float = 60.0) -> tuple[str, Sound]:
    """Wait until the next playback has ended; return its path and audio, including silence before it."""
    await page.wait_for_function(_HEARD, timeout=seconds * 1000)
    taken = await page.evaluate(_TAKE)
    return taken["path"], Sound(pcm=base64.b64decode(taken["samples"]), sample_rate=taken["rate"])
