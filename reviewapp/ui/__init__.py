"""What every room shows with: template tags, errors and their pages, states, the API object. Knows no room."""
