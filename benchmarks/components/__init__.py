"""Components for the Home Assistant that is measured."""
