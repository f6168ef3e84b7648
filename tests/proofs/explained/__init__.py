"""The explained message: its state is rebuilt from the JSON alone, for random histories."""
