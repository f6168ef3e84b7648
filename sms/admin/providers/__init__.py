"""Providers, their routes and source addresses, their health, and the look-up of a number's route."""
