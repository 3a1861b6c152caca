"""The HTTP API: what callers send becomes calls of ours, what we raise becomes errors they can read."""
