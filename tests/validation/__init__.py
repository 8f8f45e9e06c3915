"""The estimator against measured runs: how well it does, and the corrections of stacks that were measured."""
