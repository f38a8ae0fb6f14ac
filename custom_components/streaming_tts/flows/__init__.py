"""The steps in which a person sets up accounts, voices, options and pronunciations; `config_flow.py` begins them."""
