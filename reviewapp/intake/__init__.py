"""Fourth floor: what arrived: sources, items, their content, flags, authors, holds and erasures."""
