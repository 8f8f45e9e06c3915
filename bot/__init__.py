"""People: a question in, an answer out, on Slack, in a terminal and over HTTP."""
