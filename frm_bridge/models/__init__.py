"""What a model *is*, as data: card, normalisation, registry. Runs nothing."""
