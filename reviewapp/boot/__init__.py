"""The cellar: environment, embedded servers and the supervisor behind `manage.py`.

Standard library only. Knows no room of the house, and no room knows it.
"""
