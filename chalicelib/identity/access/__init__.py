"""Access of people, for staff: who holds which roles, what an edit would change, and everybody out at once."""
