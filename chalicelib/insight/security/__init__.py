"""What was noticed, for those who look into it."""
