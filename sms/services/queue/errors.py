"""The exception for an action of staff that can't be done now."""


class ActionRefused(ValueError):
    """An action can't be done. The message says why, for the member of staff."""
