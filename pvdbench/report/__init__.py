"""The HTML report: a frozen page of tables and figures, rendered by Jinja2."""
