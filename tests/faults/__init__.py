"""What can go wrong between us and a service, as data.

Provider by transport by fault, each with what has to come of it.

What has to come of it stands with the members of `Failure`, not in the adapters. Two rules make it whole:
a request that is not answered at all is UNREACHABLE, one whose answer is broken is BROKEN; and 1011 is the 5xx of a
WebSocket.
"""
