"""The stages of a message's processing, one package each. CONTRIBUTING.md lists them in order."""
