"""Who is told of what is new: subscriptions, the message for each, and its delivery."""
