"""Slack as a front: a mention, a direct message and `/hubgauge` get one answer, over a socket or signed HTTP."""
