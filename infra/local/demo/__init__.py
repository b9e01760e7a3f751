"""The demo academy (LOC-15) and the story that ``make demo`` plays on it (LOC-12)."""
