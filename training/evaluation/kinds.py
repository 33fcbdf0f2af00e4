"""Kinds of picture, told by what people said of them.

A picture is of a kind where at least two people (or the only one) used one of its words, in any
form that `training.words` knows; of several kinds at once, or of none.
"""

from collections.abc import Sequence

from training.data.captions import words_of
from training.words import object_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PEOPLE = _words(
    """
    adolescent adult athlete baby bicyclist biker bikers boy bride child climber couple cowboy
    crowd cyclist dancer family female gentleman girl group guy hiker infant kid lady male man
    men musician people person player rider runner skateboarder skater skier snowboarder
    surfer swimmer teen teenager toddler woman women worker youth
    """
)
ANIMALS = _words(
    """
    animal bear beagle bird buffalo bull butterfly calf camel cat cattle chicken collie cow
    deer dachshund dalmatian doberman dog donkey duck eagle elephant fish flock frog giraffe
    goat goose greyhound gull hawk herd horse hound husky kitten kitty lamb lion lizard monkey
    moose mouse ox owl parrot peacock penguin pig pigeon pony poodle pug pup puppy rabbit
    retriever rooster sheep shepherd squirrel swan terrier tiger turkey turtle wolf zebra
    """
)
INDOORS = _words(
    """
    apartment auditorium basement bathroom bathtub bed bedroom cafeteria carpet casino ceiling
    classroom cinema corridor couch counter cupboard desk dresser fireplace garage gym
    gymnasium hallway hotel indoor indoors inside kitchen laboratory library living lobby mall
    microwave museum nightclub office oven pub refrigerator restaurant room rug sink sofa
    stove studio supermarket theater toilet
    """
)
SNOW_AND_WATER = _words(
    """
    beach boat canoe fountain glacier harbor ice icy kayak lake ocean paddle pond pool puddle
    raft rapids river sea seashore shore ski skier skiing skis slope snow snowball snowboard
    snowboarder snowboarding snowy splash splashes splashing stream surf surfboard surfer
    surfing swim swimmer swimming swims wakeboard water waterfall wave waves wet
    """
)
CROWDS = _words(
    """
    audience band bunch concert congregation crowd crowded dozen dozens fans group hundreds
    large many onlookers parade players protesters race several spectators team teams
    """
)
# A large dog or several trees make no crowd: these words need people beside them.
_COUNTS = frozenset({"bunch", "dozen", "dozens", "group", "hundreds", "large", "many", "several"})

KINDS = {
    "people": PEOPLE,
    "animals": ANIMALS,
    "indoors": INDOORS,
    "snow and water": SNOW_AND_WATER,
    "crowds": CROWDS,
}


def kinds_of(references: Sequence[str]) -> set[str]:
    """Give the kinds of a picture of which people said `references`."""
    needed = min(2, len(references))
    said = [_forms(reference) for reference in references]
    return {kind for kind in KINDS if sum(_tells_of(kind, words) for words in said) >= needed}


def _tells_of(kind: str, words: set[str]) -> bool:
    found = words & KINDS[kind]
    if kind == "crowds" and found <= _COUNTS:
        return len(found) > 0 and bool(words & (PEOPLE - {"group"}))
    return bool(found)


def _forms(caption: str) -> set[str]:
    """Give a caption's words, and the usual forms of those that name things."""
    words = words_of(caption)
    return {form for word in words for form in (word, object_of(word)) if form}
