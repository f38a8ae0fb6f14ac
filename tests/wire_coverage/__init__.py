"""What docs/dev/protocols.md tells, element by element, and the tests that show each on both sides of the wire.

`python -m tests.wire_coverage` prints it as a table.
"""
