"""Statistics to the paper's tables, in three formats."""
