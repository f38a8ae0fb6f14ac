"""Wrong lines, and whether a test sees each: `python -m tests.mutation --help`."""
