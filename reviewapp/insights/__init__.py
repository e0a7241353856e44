"""Top floor: questions about the past: exports, audit pages, erasure of everything."""
