"""Looking into an uploaded image, in a process of its own that may be killed (FILE-35).

The file is taken apart as its format says (``png``, ``jpeg``, ``webp``) and put together again of what a picture needs:
its coded pixels byte for byte, its colours, its orientation. Metadata, thumbnails, and whatever hides behind the end
stay behind. Then what readers would get is decoded completely: what cannot be is refused.
"""
