"""A study as a whole: its parameters, its plan, and which code each stage and each row runs."""
