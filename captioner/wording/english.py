"""What the rules know of English: words that join others, and words around people in captions."""

ARTICLES = frozenset({"a", "an"})
DEFINITE = frozenset({"the", "this", "that", "these", "those", "both"})
OWNERS = frozenset({"my", "your", "his", "her", "its", "our", "their"})
DETERMINERS = ARTICLES | DEFINITE | OWNERS | {"another", "some", "each", "every", "any", "no"}
NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
)
QUANTIFIERS = frozenset({"several", "many", "few", "multiple", "various", "numerous", "all"})

AUXILIARIES = frozenset(
    {
        *("is", "are", "was", "were", "be", "been", "being", "am", "has", "have", "had", "does"),
        *("do", "did", "can", "could", "will", "would", "may", "might", "must", "should", "shall"),
        *("isn't", "aren't", "wasn't", "weren't", "not"),
    }
)
CONJUNCTIONS = frozenset(
    {
        *("and", "or", "but", "as", "while", "when", "where", "who", "whom", "whose", "which"),
        *("that", "because", "if", "so", "than", "then", "until", "how", "what", "why", "since"),
    }
)
PREPOSITIONS = frozenset(
    {
        *("about", "above", "across", "after", "against", "along", "alongside", "amid", "among"),
        *("around", "at", "atop", "away", "before", "behind", "below", "beneath", "beside"),
        *("besides", "between", "beyond", "by", "down", "during", "for", "from", "in", "inside"),
        *("into", "like", "near", "nearby", "of", "off", "on", "onto", "out", "outside", "over"),
        *("past", "through", "throughout", "to", "toward", "towards", "under", "underneath"),
        *("up", "upon", "via", "with", "within", "without"),
    }
)
PRONOUNS = frozenset({"he", "she", "it", "they", "him", "them", "i", "you", "we", "us", "there"})
ADVERBS = frozenset(
    {
        *("again", "almost", "alone", "also", "always", "both", "even", "here", "just", "never"),
        *("now", "often", "once", "perhaps", "seemingly", "sometimes", "soon", "still", "then"),
        *("there", "together", "too", "first", "either", "all"),
    }
)
FUNCTION_WORDS = DETERMINERS | AUXILIARIES | CONJUNCTIONS | PREPOSITIONS | PRONOUNS

ING_NOUNS = frozenset(
    {
        *("being", "belongings", "building", "ceiling", "clothing", "covering", "drawing"),
        *("duckling", "earring", "evening", "king", "lightning", "morning", "offspring"),
        *("painting", "railing", "ring", "sibling", "siblings", "string", "swing", "thing"),
        *("wedding", "wing", "bedding", "stocking", "legging", "dressing", "housing", "sewing"),
        *("knitting", "luggage"),
    }
)
"""Words in -ing that are things rather than what somebody does."""

PARTICIPLES = frozenset({"clad", "seen", "shown", "dressed", "worn", "caught", "stuck", "bent"})

MODIFIERS = frozenset(
    {
        *("young", "younger", "old", "older", "elderly", "little", "small", "big", "large", "tall"),
        *("short", "thin", "fat", "heavy", "heavyset", "slim", "skinny", "muscular", "bald"),
        *("bearded", "blond", "blonde", "brunette", "redhead", "redheaded", "haired", "dark"),
        *("light", "fair", "skinned", "black", "white", "brown", "red", "gray", "grey", "long"),
        *("shirtless", "topless", "barefoot", "naked", "nude", "tattooed", "masked", "dressed"),
        *("smiling", "laughing", "happy", "sad", "serious", "tired", "beautiful", "pretty"),
        *("handsome", "attractive", "cute", "lovely", "nice", "teenage", "adult", "aged", "middle"),
        *("homeless", "pregnant", "wet", "dirty", "lone", "single", "married", "well", "blue"),
        *("green", "yellow", "orange", "pink", "purple", "curly", "clothed", "costumed"),
        *("asian", "african", "american", "indian", "chinese", "japanese", "korean", "mexican"),
        *("hispanic", "latino", "caucasian", "european", "oriental", "arab", "muslim", "amish"),
        *("tiny", "unknown", "unidentified", "very", "-"),  # middle-aged
    }
)
"""Adjectives that may stand between an article and a person."""

ANIMALS = frozenset(
    {
        *("animal", "antelope", "ape", "bear", "beagle", "bird", "bison", "buffalo", "bulldog"),
        *("butterfly", "calf", "camel", "cardinal", "cat", "cheetah", "chicken", "chimpanzee"),
        *("collie", "cow", "crab", "deer", "dog", "dolphin", "duck", "eagle", "elephant", "elk"),
        *("finch", "fish", "fox", "frog", "gazelle", "giraffe", "goat", "goose", "gorilla"),
        *("hawk", "hen", "hippo", "horse", "hound", "husky", "impala", "insect", "kangaroo"),
        *("kitten", "labrador", "lamb", "leopard", "lion", "mallard", "monkey", "moose", "orca"),
        *("ostrich", "otter", "owl", "panda", "panther", "parrot", "peacock", "pelican"),
        *("penguin", "pheasant", "pig", "pigeon", "poodle", "puppy", "rabbit", "reindeer"),
        *("retriever", "rhino", "robin", "seal", "shark", "sheep", "shepherd", "sparrow"),
        *("spider", "squirrel", "swan", "terrier", "tiger", "turkey", "turtle", "walrus"),
        *("whale", "wolf", "zebra", "geese", "kittens", "puppies"),
    }
)

SPORTS = frozenset(
    {
        *("athletics", "badminton", "baseball", "basketball", "bowling", "boxing", "cricket"),
        *("football", "golf", "gymnastics", "hockey", "judo", "karate", "lacrosse", "polo"),
        *("racing", "rowing", "rugby", "running", "skating", "skiing", "soccer", "softball"),
        *("surfing", "swimming", "tennis", "track", "volleyball", "wrestling"),
    }
)
# What is said to be men's, women's, boys' or girls' because it is meant for them.
MEANT_FOR = SPORTS | {
    *("team", "teams", "choir", "club", "league", "match", "game", "final", "finals", "race"),
    *("tournament", "championship", "championships", "doubles", "singles", "competition"),
    *("bathroom", "restroom", "toilet", "toilets", "washroom", "locker", "room", "clothing"),
    *("clothes", "fashion", "shoes", "wear", "department", "store", "section", "magazine"),
}
# What stands between a word for a person and what that person does: a woman ice skater.
FIELDS = SPORTS | {
    *("ballet", "belly", "bike", "figure", "fire", "folk", "hula", "horse", "ice", "jazz"),
    *("motorcycle", "opera", "police", "pop", "rock", "roller", "security", "street", "world"),
}
ROLES = frozenset(
    {
        *("acrobat", "artist", "athlete", "band", "biker", "boxer", "cheerleader", "chef"),
        *("climber", "cyclist", "dancer", "doctor", "driver", "drummer", "fighter"),
        *("instructor", "golfer", "goalie", "guitarist", "gymnast", "hiker", "jockey", "jogger"),
        *("musician", "officer", "painter", "performer", "photographer"),
        *("pitcher", "player", "racer", "rider", "runner", "scientist", "singer"),
        *("skateboarder", "skater", "skier", "snowboarder", "soldier", "student", "surfer"),
        *("swimmer", "teacher", "vendor", "violinist", "worker", "wrestler", "employee"),
        *("customer", "shopper", "pedestrian", "tourist", "traveler", "bicyclist", "owner"),
        *("breeder", "handler", "trainer", "walker"),
    }
)
# Those that may be verbs too count only after a field: a woman security guard.
ROLES_IN_FIELDS = ROLES | {"cook", "guard", "guide", "model"}
# What is named after how many it holds: a two-man tent.
SIZED = frozenset(
    {"band", "boat", "bobsled", "canoe", "crew", "job", "kayak", "saw", "show", "team", "tent"}
)

VERBS = frozenset(
    {
        *("aim", "appear", "balance", "begin", "bend", "bite", "blow", "bounce", "bow", "break"),
        *("bring", "brush", "carry", "catch", "chase", "chew", "clap", "clean", "climb", "come"),
        *("continue", "cook", "crawl", "cross", "crouch", "cry", "cut", "dance", "dive", "do"),
        *("drag", "draw", "drink", "drive", "eat", "enjoy", "enter", "examine", "fall", "feed"),
        *("fight", "find", "fix", "flip", "fly", "follow", "gaze", "get", "give", "go", "grab"),
        *("grin", "grip", "hang", "have", "help", "hit", "hold", "hug", "inspect", "jump"),
        *("keep", "kick", "kiss", "kneel", "laugh", "lay", "lean", "leap", "leave", "lick"),
        *("lie", "lift", "listen", "look", "make", "move", "open", "paint", "pass", "pedal"),
        *("perform", "pick", "play", "point", "pose", "pour", "prepare", "pretend", "pull"),
        *("push", "put", "reach", "read", "receive", "relax", "release", "rest", "ride", "run"),
        *("scream", "see", "shout", "show", "sing", "sit", "skate", "sleep", "smile", "smoke"),
        *("speak", "spin", "splash", "stand", "stare", "step", "stop", "stretch", "swim"),
        *("swing", "take", "talk", "taste", "throw", "touch", "try", "turn", "use", "wait"),
        *("walk", "wash", "watch", "wave", "wear", "whisper", "work", "write", "yell"),
    }
)
"""What people do in captions."""

WATCHING = frozenset({"help", "let", "make", "see", "watch"})
"""Verbs after which comes another without `to`: helps her walk."""
