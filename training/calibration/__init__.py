"""What confidence means: which captions are acceptable, and how likely a caption is to be one.

`judgements` reads what experts said of captions of Flickr8k's test pictures; `acceptable` says by
references which captions they would accept; `fitting` makes a bundle's confidence the chance of
that, on the dev split alone; `reliability` tells whether it can be believed. `agreement` measures
how far the app's comparison of two captions follows the experts, `word_vectors` makes the table
that it reads. `commands` are the command line.
"""
