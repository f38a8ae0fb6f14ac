"""What `protocols.md` tells of speech, element by element, and the tests that show each on both sides of the wire.

`python -m tests.wire_coverage` prints it as tables. Cloning, dictionaries, timestamps and previews are not speech.
"""
