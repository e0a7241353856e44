"""Seventh floor: questions asked of drafts: try-it, gates, backtests, evaluations."""
