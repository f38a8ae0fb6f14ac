"""Steps of the flows for accounts, voices, options, and pronunciations. `config_flow.py` is the entry point."""
