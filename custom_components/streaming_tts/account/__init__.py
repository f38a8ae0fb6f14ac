"""One account at run time: what it has, what it may use, and whether it can be used."""
