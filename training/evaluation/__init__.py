"""How good captions are: measured, taken apart, compared and shown.

`captioned` is what is measured: captions by image, of a bundle, of a Keras run (`captioning`) or
from a file. `evaluation` measures them all alike: the caption metrics, how varied the captions are
(`diversity`), which things they name rightly (`objects`), what kinds of picture they fail on
(`kinds`) and what their confidence is worth (`confidence`). `tables` and `pages` tell it to people,
`commands` are the command line.
"""
