"""Files on their way to people: images to whoever may see what uses them, every file to the staff it is of."""
