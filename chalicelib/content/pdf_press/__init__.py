"""Works on one PDF that lies in scratch space; run as a program of its own (``platform.confined``).

``pack``: rewritten for reading by ranges (FILE-65). ``compare``: whether two files render the same (FILE-66). ``cut``:
some pages as a file of their own, or each page as one (NOTE-32). ``picture``: a page as an image.

A packed file has its objects in the order in which a viewer needs them: the page tree and the page dictionaries in
object streams at the front, then everything of the first page, then the other pages one after the other, then what
pages do not need, and the cross-reference stream at the end. Page trees are split so that a viewer which looks for the
last page does not read every page on its way. Streams keep their bytes, but for those that nobody had compressed.
"""
