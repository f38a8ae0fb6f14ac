"""What Home Assistant asks to be spoken: by whom, in which format, and what its end or its failure means here."""
