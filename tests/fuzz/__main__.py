"""Tries on for as long as there is time: `python -m tests.fuzz --minutes 10 [--only NAME]`.

Prints how many examples each target had; ends with the first that fails, made as small as can be, and status 1.
"""

import argparse
import random
import sys
import time
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from .targets import TARGETS, Target

_EXAMPLES = 500
"""Between two looks at the clock."""


def try_some(target: Target, number: int) -> int:
    """Try a target with one seed; return how many examples that were."""
    tried = 0
    with target.opened() as holds:

        @seed(number)
        @settings(
            deadline=None,
            database=None,
            max_examples=_EXAMPLES,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        )
        @given(target.may_come)
        def holds_of(example: Any) -> None:
            nonlocal tried
            tried += 1
            holds(example)

        holds_of()
    return tried


def main() -> int:
    """Try until the time is over; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--only", default="", help="a part of a target's name")
    arguments = parser.parse_args()
    targets = [target for target in TARGETS if arguments.only in target.name]
    end = time.monotonic() + arguments.minutes * 60
    tried = dict.fromkeys(map(str, targets), 0)
    while time.monotonic() < end:
        for target in targets:
            number = random.randrange(2**32)
            try:
                tried[target.name] += try_some(target, number)
            except Exception:
                print(f"{target} fails with seed {number}", file=sys.stderr)
                raise
            if time.monotonic() >= end:
                break
    for name, count in tried.items():
        print(f"{count:8} {name}")
    return 0


sys.exit(main())
