"""How well a provider works: its objectives, and when messages go to another one because of it."""
