"""Faults between the integration and a service, as data: provider by transport by fault, with expected outcomes.

The expected outcomes follow from the docstrings of `Failure`, not from the adapters, with two more rules: a request
without a response is UNREACHABLE, one with a broken response is BROKEN; and the close code 1011 is the 5xx of a
WebSocket.
"""
