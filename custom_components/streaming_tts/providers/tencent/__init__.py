"""Flow TTS by Tencent Cloud's own API, with a key that lasts (docs/protocols.md E)."""
