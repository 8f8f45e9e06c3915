"""Pictures of what people see in Slack, drawn from the very blocks that are sent."""
