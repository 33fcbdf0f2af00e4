"""Captioned photographs on disk, ready to learn from.

`captions` turns sentences into words, `datasets` finds images, captions and splits, `splits`
shares images out where nobody has, `pictures` decodes them all once.
"""
