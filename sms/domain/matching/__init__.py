"""From a finished text to the approved template that gives it, and to the words that explain why none does."""
