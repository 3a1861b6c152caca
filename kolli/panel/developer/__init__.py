"""The developer's window: what programs have asked and were answered, what is to go wrong, and a way to try things."""

from kolli.panel.developer import explorer, request_log, sandbox

ROUTES = (*request_log.ROUTES, *sandbox.ROUTES, *explorer.ROUTES)
