"""What is put into the Home Assistant that is measured."""
