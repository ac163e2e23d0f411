"""A study: its parameters, its plan, and which code each stage and each row runs."""
