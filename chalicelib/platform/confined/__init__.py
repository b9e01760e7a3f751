"""Work on files of strangers, in a process of its own that may be killed.

The program has no network, no credentials, little memory and a clock: a parser that a hostile file leads astray is then
only a process that ends. ``running`` starts it and answers what it said; ``inside`` is the program's side.

They talk in JSON lines. The program writes ``{"read": [[first, length], …]}`` and finds the bytes on its standard
input, joined; at its end it writes ``{"answer": {…}, "body": n}`` and ``n`` bytes. It starts afresh for each file, so
``inside`` imports the standard library only.
"""
