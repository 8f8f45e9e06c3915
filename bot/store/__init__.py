"""What the fronts keep: which events were seen, and which questions wait for their answer."""
