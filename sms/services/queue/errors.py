"""The word for an action of staff that can't be done now."""


class ActionRefused(ValueError):
    """Says in words why this can't be done, for whoever pressed the button."""
