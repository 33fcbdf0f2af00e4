"""How well captions match what people said: the COCO caption metrics, in percent.

The numbers are those of pycocoevalcap, whose tokenizer and METEOR are Java programs; they are run
by this package, one process a call, because pycocoevalcap's own wrappers write into the installed
package, print, and leave METEOR running. BLEU is Papineni et al. 2002, METEOR 1.5 Denkowski and
Lavie 2014, ROUGE-L Lin 2004, CIDEr (its variant D) Vedantam et al. 2015.

`java` runs the programs, `tokens` makes captions comparable, `meteor` takes METEOR's statistics
and adds them up, `measurement` keeps what each image adds to every metric, and `resampling` tells
how far chance alone may have moved a figure.
"""

from training.metrics.java import MetricsError
from training.metrics.measurement import METRICS, Measurement, Scores, cider, measure, score
from training.metrics.resampling import Difference, Estimate

__all__ = [
    "METRICS",
    "Difference",
    "Estimate",
    "Measurement",
    "MetricsError",
    "Scores",
    "cider",
    "measure",
    "score",
]
