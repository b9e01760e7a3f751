"""Looks into one PDF; run as a program of its own (``platform.confined``), with the file's size and the most pages.

Bytes come from its parent, who asks the bucket for ranges. It answers ``{"pages": n, "outline": […]}`` or
``{"refused": reason}``.

Only the standard library and pypdf are imported, since it starts afresh for each file.
"""
