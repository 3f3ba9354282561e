"""Many predictions and comparisons in one question."""
