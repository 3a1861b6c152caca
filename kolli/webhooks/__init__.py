"""Webhooks: who wants to hear about what, in which words they are told, and how that is signed."""
