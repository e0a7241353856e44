"""Tests: rooms."""
