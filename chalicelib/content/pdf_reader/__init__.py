"""Looks into one PDF; run as a program of its own, with the file's size and the most pages allowed.

It has no network, no credentials and little memory: bytes come from its parent, who asks the bucket for ranges. It
writes one JSON line a wish (``{"read": [[first, length], …]}``; the bytes come back on standard input, joined), and at
its end ``{"pages": n}`` or ``{"refused": reason}``. A parser that a hostile file leads astray is then only a process
that is killed.

Only the standard library and pypdf are imported, since it starts afresh for each file.
"""
