"""Pure decisions: no I/O, no clock. `now` is always an argument."""
