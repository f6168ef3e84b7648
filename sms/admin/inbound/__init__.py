"""Received SMS and their forwarding; partners, rented numbers and gateways."""
