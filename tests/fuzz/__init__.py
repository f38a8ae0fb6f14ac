"""Whatever comes from outside, made up by Hypothesis: bytes of services, what a person pastes, text to be spoken.

`targets.py` lists what is tried and what has to hold. The tests try a little of it, the same each time;
`python -m tests.fuzz --minutes 10` tries on.
"""
