"""Third floor: policies as versioned text with sections and cases."""
