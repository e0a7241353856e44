"""The test suite; `python3 manage.py test` runs it on embedded services of its own."""
