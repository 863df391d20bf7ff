"""The extraction methods by the names ``config/banks.yaml`` uses."""
