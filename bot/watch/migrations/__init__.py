"""The steps that the tables of subscriptions went through, oldest first. Shipped ones are never changed: add a step."""
