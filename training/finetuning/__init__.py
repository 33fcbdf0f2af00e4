"""Teaching a bundle the captions of a collection of one's own.

`teaching` is the whole lesson: the bundle's model restored, its vocabulary grown by the words that
are new (`growing`), taught beside `reminders` of what it said before, exported and compared.
"""
