"""Which words name people by their sex, and what is said instead: the tables.

Only singulars are listed; plurals follow by rule. Left alone on purpose, as nobody would write
their neutral counterpart or as they name somebody: titles (king, queen, prince, princess, lord,
Mr, Mrs), religious callings (nun, monk, priest), beings (mermaid, goddess, witch, Santa Claus),
hair (blonde, brunette), clothes (dress, skirt), and the sex of animals (a female lion, a hen).
"""

from functools import cache
from typing import NamedTuple

NOUNS = {
    "person": "man, woman, lady, gentleman, gentlewoman, guy, gal, dude, bloke, chap, fella",
    "child": "boy, girl, son, daughter, girl child, boy child, female child, male child",
    "young person": "lad, lass, lassie",
    "kid": "boy kid, girl kid",
    "baby": "baby boy, baby girl, boy baby, girl baby",
    "infant": "infant boy, infant girl, infant son, infant daughter, infant male, infant female",
    "newborn": "newborn boy, newborn girl, newborn son, newborn daughter",
    "toddler": (
        "toddler boy, toddler girl, toddler son, toddler daughter, toddler male, toddler female, "
        "boy toddler, girl toddler"
    ),
    "preteen": "preteen boy, preteen girl",
    "teen": "teen boy, teen girl, teen male, teen female",
    "teenager": (
        "teenage boy, teenage girl, teenaged boy, teenaged girl, adolescent boy, adolescent girl, "
        "teenage male, teenage female, adolescent male, adolescent female"
    ),
    "adult": (
        "adult man, adult woman, adult male, adult female, grown man, grown woman, grown up man, "
        "grown up woman"
    ),
    "student": "student boy, student girl",
    "college student": "college boy, college girl, college guy",
    "high school student": "high school boy, high school girl",
    "schoolchild": "schoolboy, schoolgirl",
    "first-year student": "freshman",
    "birthday child": "birthday boy, birthday girl",
    "parent": "mother, father, mom, dad, mum, mama, papa, mommy, daddy, momma",
    "grandparent": (
        "grandmother, grandfather, grandma, grandpa, granny, grandad, granddad, grandmom"
    ),
    "great-grandparent": "great grandmother, great grandfather",
    "stepparent": "stepmother, stepfather, stepmom, stepdad",
    "godparent": "godmother, godfather",
    "grandchild": "grandson, granddaughter",
    "stepchild": "stepson, stepdaughter",
    "godchild": "godson, goddaughter",
    "sibling": "brother, sister",
    "stepsibling": "stepbrother, stepsister",
    "relative": "aunt, uncle, auntie, niece, nephew",
    "spouse": "husband, wife, hubby",
    "partner": "boyfriend, girlfriend, fiancé, fiancée, fiance, fiancee",
    "married couple": (
        "husband and wife, wife and husband, man and wife, husband and his wife, wife and her "
        "husband"
    ),
    "couple": (
        "man and woman couple, male and female couple, boyfriend and girlfriend, girlfriend and "
        "boyfriend"
    ),
    "newlywed": "bride, bridegroom, groom",
    "wedding attendant": "bridesmaid, groomsman, best man, maid of honor, maid of honour",
    "flower bearer": "flower girl",
    "friend": "lady friend, guy friend, girl friend, boy friend, gentleman friend",
    "scout": "boy scout, girl scout",
    "actor": "actress",
    "armed person": "gunman",
    "archer": "bowman",
    "artisan": "craftsman, craftswoman, tradesman, tradeswoman",
    "astronaut": "spaceman, spacewoman",
    "athlete": "sportsman, sportswoman",
    "altar server": "altar boy, altar girl",
    "aviator": "airman, airwoman, aviatrix",
    "ball attendant": "ball boy, ball girl",
    "ballet dancer": "ballerina",
    "bartender": "barman, barmaid, barwoman",
    "base player": "baseman",
    "baton twirler": "majorette",
    "batter": "batsman",
    "boat operator": "boatman, ferryman",
    "bellhop": "bellboy",
    "busser": "busboy",
    "business person": "businessman, businesswoman, businesslady",
    "camera operator": "cameraman, camerawoman",
    "cave dweller": "caveman, cavewoman",
    "chairperson": "chairman, chairwoman",
    "choir member": "choirboy, choirgirl",
    "cleaner": "cleaning lady, cleaning woman, cleaning man, charwoman",
    "cleric": "clergyman, clergywoman, churchman",
    "coach driver": "coachman",
    "comedian": "comedienne",
    "cowhand": "cowboy, cowgirl",
    "defense player": "defenseman, defenceman",
    "delivery person": "deliveryman",
    "diver": "frogman",
    "door attendant": "doorman",
    "firefighter": "fireman, firewoman",
    "fisher": "fisherman, fisherwoman",
    "flight attendant": "stewardess, air hostess",
    "garbage collector": "garbage man, garbageman, trash man, binman, dustman",
    "gardener": "groundsman",
    "handyperson": "handyman",
    "heir": "heiress",
    "hero": "heroine",
    "homemaker": "housewife",
    "horse rider": "horseman, horsewoman, equestrienne",
    "host": "hostess",
    "housekeeper": "maid, chambermaid",
    "hunter": "huntsman, huntswoman, huntress",
    "property owner": "landlady",
    "launderer": "laundress, washerwoman",
    "journalist": "newsman, newswoman",
    "line judge": "linesman",
    "line player": "lineman",
    "mail carrier": "mailman, mailwoman, postman, postwoman, mail lady",
    "massage therapist": "masseur, masseuse",
    "milk carrier": "milkman, milkwoman",
    "news anchor": "anchorman, anchorwoman",
    "newspaper carrier": "paperboy, papergirl",
    "performer": "showman, showgirl",
    "poet": "poetess",
    "police officer": "policeman, policewoman, police lady, patrolman",
    "rower": "oarsman, oarswoman",
    "sailor": "seaman, yachtsman, yachtswoman",
    "salesperson": "salesman, saleswoman, saleslady, salesgirl",
    "sculptor": "sculptress",
    "guard": "guardsman",
    "server": "waiter, waitress",
    "service member": "serviceman, servicewoman",
    "sharpshooter": "marksman, markswoman",
    "singer": "songstress",
    "spokesperson": "spokesman, spokeswoman",
    "stick figure": "stick man",
    "strong person": "strongman, strongwoman",
    "stunt performer": "stuntman, stuntwoman",
    "supervisor": "foreman, forewoman",
    "sword fighter": "swordsman, swordswoman",
    "tailor": "seamstress",
    "tribe member": "tribesman, tribeswoman",
    "usher": "usherette",
    "weather presenter": "weatherman, weathergirl",
    "woodcutter": "woodsman",
    "worker": "workman, workwoman",
    "repair worker": "repairman",
    "English person": "englishman, englishwoman",
    "French person": "frenchman, frenchwoman",
    "Irish person": "irishman, irishwoman",
    "Scottish person": "scotsman, scotswoman",
    "Dutch person": "dutchman, dutchwoman",
    "Welsh person": "welshman, welshwoman",
}

PHRASES = {
    "man made": "human-made",
    "manmade": "human-made",
    "mankind": "humankind",
    "womankind": "humankind",
    "man bun": "bun",
    "man purse": "purse",
    "man cave": "den",
    "cowboy hat": "western hat",
    "cowboy hats": "western hats",
    "cowgirl hat": "western hat",
    "cowboy boot": "western boot",
    "cowboy boots": "western boots",
    "cowgirl boots": "western boots",
    "cowboy outfit": "western outfit",
    "cowgirl outfit": "western outfit",
    "cowboy costume": "western costume",
    "cowboy attire": "western attire",
    "men's room": "restroom",
    "mens room": "restroom",
    "ladies room": "restroom",
    "ladies' room": "restroom",
    "women's room": "restroom",
    "one man band": "one-person band",
    "one man show": "one-person show",
    "man power": "workforce",
    "manpower": "workforce",
}
"""Words with a neutral counterpart that is no person."""

KEPT = frozenset(
    {
        *("snow man", "snow men", "snow woman", "gingerbread man", "gingerbread men", "tin man"),
        *("spider man", "iron man", "bat man", "super man", "ant man", "wonder woman", "pac man"),
        *("burning man", "isle of man", "man of war", "action man", "straw man", "bionic woman"),
        *("first lady", "our lady", "lady liberty", "lady gaga", "lady bug", "lady bugs"),
        *("lady bird", "mother's day", "mothers day", "father's day", "fathers day"),
        *("father christmas", "father time", "mother nature", "mother teresa", "mother earth"),
        *("mother goose", "queen mother", "mother board", "mother of pearl", "mom and pop"),
        *("old man and the sea", "guy fawkes", "guy wire", "guy wires", "uncle sam"),
        *("granny smith", "daddy long", "wright brothers", "marx brothers", "warner brothers"),
    }
)
"""Names, and what is no person, although a gendered word is in it."""

SINGULAR_ONLY = frozenset({"chap", "groom", "mum"})
"""Their plurals are mostly something else: leather over trousers, a verb, flowers."""

PLURALS = {"child": "children", "person": "people", "man": "men", "wife": "wives", "hero": "heroes"}
SEXES = frozenset({"male", "female"})
GENITIVES = {"mens": "men", "womens": "women", "mans": "man", "womans": "woman"}
"""Possessives as they are written in haste."""


class Noun(NamedTuple):
    neutral: str
    plural: bool


def plural_of(noun: str) -> str:
    """Give the plural of an English noun: `"police officer"` -> `"police officers"`."""
    for ending, plural in PLURALS.items():
        if noun.endswith(ending):
            return noun.removesuffix(ending) + plural
    if noun.endswith(("s", "sh", "ch", "x")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


@cache
def nouns() -> dict[str, Noun]:
    """Give what each gendered noun becomes, plurals and nouns of several words among them."""
    found = {sex: Noun("person", plural=True) for sex in ("males", "females")}
    for neutral, gendered in NOUNS.items():
        for noun in gendered.split(", "):
            if noun not in SINGULAR_ONLY:
                found[plural_of(noun)] = Noun(neutral, plural=True)
            found[noun] = Noun(neutral, plural=False)
    return found


@cache
def gendered_words() -> frozenset[str]:
    """Give every single word that makes a text worth a look."""
    words = {noun for noun in nouns() if " " not in noun}
    several = {word for noun in nouns() if " " in noun for word in noun.split() if word in words}
    joined = {phrase for phrase in PHRASES if " " not in phrase}
    return frozenset(words | several | joined | SEXES | GENITIVES.keys())
