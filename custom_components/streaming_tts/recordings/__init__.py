"""A person's recording: what it is, whether a voice can be made of it, and in the form that a provider wants.

No Home Assistant in here. Nothing of a recording is kept, and what is said of one that is not good enough are numbers.
"""
