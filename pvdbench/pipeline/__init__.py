"""Which code each stage of the study runs."""
