"""Benchmarks, each as a ratio against its bare limit measured in the same run: `manage.py bench [NAME…] [--json FILE]`."""
