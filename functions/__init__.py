"""The functions: one Lambda each."""

from chalicelib.platform import startup

startup.begin()
