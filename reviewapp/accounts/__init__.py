"""First floor: people, roles, API keys, notices and the who-may table."""
