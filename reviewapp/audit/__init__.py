"""Ground floor: insert-only events and their positions. Door for writes: `actions.record`."""
