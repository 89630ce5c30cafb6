"""Talking to payment gateways, each in a module of its own name."""
