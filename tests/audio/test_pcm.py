"""Samples are whole, silent or louder."""

from array import array

from custom_components.streaming_tts.audio.pcm import WholeSamples, amplify, silence


def test_silence_is_whole_samples() -> None:
    """However long."""
    assert silence(0.1, 16000) == bytes(3200)
    assert len(silence(0.123456, 22050)) % 2 == 0


def test_louder_and_quieter() -> None:
    """6 dB are twice the level, and what is too loud is clipped."""
    samples = array("h", [100, -100, 20000, -20000]).tobytes()
    assert array("h", amplify(samples, 20.0)).tolist() == [1000, -1000, 32767, -32768]
    assert array("h", amplify(samples, -20.0)).tolist() == [10, -10, 2000, -2000]


def test_samples_that_come_in_halves_are_whole() -> None:
    """An incomplete sample at the end is dropped."""
    samples = WholeSamples()
    pieces = [samples.feed(piece) for piece in (b"\x01", b"", b"\x02\x03", b"\x04\x05\x06\x07")]
    assert pieces == [b"", b"", b"\x01\x02", b"\x03\x04\x05\x06"]
