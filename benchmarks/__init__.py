"""What users wait for, measured on a real Home Assistant beside the engines that it brings along."""
