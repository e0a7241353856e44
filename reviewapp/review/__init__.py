"""Sixth floor: what people decided: queues, tasks, claims, decisions."""
