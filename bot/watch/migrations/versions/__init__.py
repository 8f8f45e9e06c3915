"""One file a step; `revision` is its name, `down_revision` the step before."""
