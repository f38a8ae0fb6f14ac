"""All facts of docs/dev/protocols.md, with the tests that cover each in the adapters and the emulator.

`python -m tests.wire_coverage` prints them as a table.
"""
