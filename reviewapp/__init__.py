"""The Django project: nine rooms on a staircase. ARCHITECTURE.md in this folder is its map."""
