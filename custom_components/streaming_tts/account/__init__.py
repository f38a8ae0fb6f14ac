"""One account at run time: stored state, quota and budget, and availability."""
