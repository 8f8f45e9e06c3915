"""The steps that the bot's tables went through, oldest first. What was shipped is never changed: add a step."""
