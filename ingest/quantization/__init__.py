"""How checkpoints state their weight format: dialects, module names, layers, and the bits of a weight."""
