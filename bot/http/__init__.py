"""HTTP as a front: Slack's signed requests, the JSON API and one plain page, all on the same `ask`."""
