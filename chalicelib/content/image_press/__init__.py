"""Makes small pictures of large ones; run as a program of its own (``platform.confined``).

What it is given was decoded before (``content.image_reader``), but a picture that only now shows what it is kills
nobody but this process.
"""
