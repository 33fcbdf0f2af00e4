"""Captions and references whose scores are known: pycocoevalcap 1.2's own classes gave them."""

REFERENCES = {
    "park": (
        "A man plays guitar on a bench.",
        "A guitarist sits in the park, playing.",
        "The man's guitar is brown.",
    ),
    "snow": ("Two dogs run through deep snow.", "A pair of dogs playing in the snow"),
    "pool": ("A girl in a pink swimsuit jumps into the pool.",),
    "crowd": (
        "A large crowd watches a band on a stage at night.",
        "People are watching a concert .",
        "A band plays for many people",
        "Musicians on stage",
    ),
    "cat": ("A cat sleeps on a red couch", "The kitten is sleeping on a sofa."),
    "sea": ("A surfer rides a big wave.", "A man surfing on the ocean"),
}
CAPTIONS = {
    "park": "a man is playing a guitar on a bench",
    "snow": "two dogs play in the snow",
    "pool": "A girl in a pink swimsuit jumps into the pool.",
    "crowd": "a group of people at a concert",
    "cat": "a dog lies on the grass",
    "sea": "a surfer riding waves",
}

# In percent, as PTBTokenizer, Bleu(4), Meteor, Rouge and Cider give them.
SCORES = {
    "bleu_1": 78.5714285676871,
    "bleu_2": 62.67831704969185,
    "bleu_3": 52.42060489327323,
    "bleu_4": 46.810815525937505,
    "meteor": 35.52436120760622,
    "rouge_l": 58.82374528722162,
    "cider": 255.66570171741714,
}
METEORS = (48.99, 35.963, 100.0, 24.018, 11.6129, 22.4363)
CIDERS = (189.5638, 215.5189, 1000.0, 60.1146, 4.1319, 64.6651)
