"""What people of the made-up locality are called, struggle with and offer: sectors, roles, texts."""

from __future__ import annotations

from dataclasses import dataclass

SHARE_OF = 200  # people of one place, over all sectors


@dataclass(frozen=True, slots=True)
class Sector:
    """One sector: how many of a place's 200 people, how its organisations are called and led."""

    name: str
    people: int
    organisation: str  # `{place}` and, where a place has several, `{number}`
    team: int  # people of one organisation
    top: int  # level of who leads it
    leader: str
    professions: tuple[str, ...]
    setting: str  # where its people work, for texts


SECTORS = (
    Sector("general practice", 30, "{place} Surgery {number}", 15, 6, "senior partner",
           ("general practitioner", "practice nurse", "practice manager", "pharmacist"), "practice"),
    Sector("hospital", 46, "{place} General Hospital", 46, 7, "chief executive",
           ("nurse", "doctor", "occupational therapist", "service manager"), "ward"),
    Sector("community nursing", 24, "{place} Community Health", 24, 6, "director of community services",
           ("district nurse", "health visitor", "physiotherapist"), "team"),
    Sector("mental health", 20, "{place} Minds", 20, 7, "chief executive",
           ("mental health nurse", "psychiatrist", "psychologist"), "service"),
    Sector("social care", 24, "{place} Council Adult Care", 24, 7, "director of adult services",
           ("social worker", "care manager", "commissioner"), "care team"),
    Sector("housing", 12, "{place} Homes", 12, 6, "managing director",
           ("housing officer", "surveyor", "tenancy adviser"), "estate"),
    Sector("education", 14, "{place} Learning Trust", 14, 6, "chief executive",
           ("teacher", "school nurse", "pastoral lead"), "school"),
    Sector("prisons", 8, "{place} Prison", 8, 6, "governor",
           ("prison officer", "prison nurse", "probation officer"), "wing"),
    Sector("voluntary", 14, "{place} Together", 14, 5, "director",
           ("advocate", "volunteer coordinator", "fundraiser"), "charity"),
    Sector("public health", 8, "{place} Public Health", 8, 7, "director of public health",
           ("public health specialist", "analyst", "health improvement officer"), "programme"),
)  # fmt: skip

TITLES = {  # of those who do not lead, by level
    6: "associate director, {profession}",
    5: "head of service, {profession}",
    4: "lead {profession}",
    3: "senior {profession}",
    2: "{profession}",
    1: "newly qualified {profession}",
}

PLACES = (
    "Ashby", "Birchover", "Calder", "Dunmore", "Elmfield", "Fernley", "Granton", "Hollins",
    "Inverdale", "Kirkby", "Langley", "Marsden", "Netherby", "Oakham", "Penrose", "Quarry Bank",
    "Rowley", "Stanhope", "Thornbury", "Upton", "Wexham", "Yarrow",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Theme:
    """A matter that people care about; `{setting}` and `{place}` are filled in."""

    name: str
    needs: tuple[str, ...]
    offers: tuple[str, ...]


THEMES = (
    Theme(
        "delayed discharge",
        (
            "Patients fit to leave stay on our {setting} because no home is ready; who has cut this?",
            "I need someone in {place} who can agree home packages before the weekend.",
        ),
        (
            "I set up a discharge-to-assess pathway and can show what we would do differently.",
            "Happy to share our seven-day agreement on home packages from {place}.",
        ),
    ),
    Theme(
        "loneliness",
        (
            "Many of the older people our {setting} sees have nobody to talk to; what has helped?",
            "Looking for befriending groups in {place} that take referrals.",
        ),
        (
            "We run a befriending scheme in {place} and can take people within a week.",
            "I can talk about social prescribing: what works, what only looks good.",
        ),
    ),
    Theme(
        "damp and cold homes",
        (
            "Children from the same damp streets in {place} come back with bad chests; whom do I tell?",
            "How do we get a landlord to act on damp before winter?",
        ),
        (
            "I know how repairs are prioritised and can get a cold home looked at.",
            "We match asthma admissions with housing data in {place}; ask me how.",
        ),
    ),
    Theme(
        "staff retention",
        (
            "Our {setting} loses newly qualified staff within two years; what made yours stay?",
            "I lead a tired team and want to hear how others keep theirs going.",
        ),
        (
            "Our turnover halved after we changed the first ninety days; I can show how.",
            "I coach new team leaders and have room for one or two conversations.",
        ),
    ),
    Theme(
        "release from prison",
        (
            "People leave prison on a Friday with no surgery and no medicine; who can register them?",
            "I want to meet somebody in {place} who finds homes for people on release.",
        ),
        (
            "I can explain what happens inside in the last twelve weeks before release.",
            "Our {setting} registers people before they are released; happy to share the form.",
        ),
    ),
    Theme(
        "school absence",
        (
            "Anxious children in {place} stop coming to school; whom can our {setting} call early?",
            "Looking for anyone who brought school and mental health together in one meeting.",
        ),
        (
            "I run early-help meetings for families and can invite two more schools.",
            "We have a short course for teachers about anxious children.",
        ),
    ),
    Theme(
        "data sharing",
        (
            "Our {setting} types the same story into four systems; who has an agreement that works?",
            "I need a plain explanation of what we may share about a shared patient.",
        ),
        (
            "I wrote our information-sharing agreement and can save you three months.",
            "Ask me about linking records across sectors in {place}.",
        ),
    ),
    Theme(
        "falls",
        (
            "Falls on our {setting} go up every winter; what prevented them elsewhere?",
            "Whom do I ask in {place} about strength and balance classes?",
        ),
        (
            "Our falls group cut ambulance calls by a fifth; I can share the checklist.",
            "I teach strength and balance and can come to your {setting}.",
        ),
    ),
    Theme(
        "medicines",
        (
            "People come home with bags of medicine nobody has explained; how do you review them?",
            "Our {setting} needs an hour with a pharmacist who knows care homes.",
        ),
        (
            "I review medicines in care homes and can take questions on Thursdays.",
            "We wrote a one-page guide to stopping medicines safely.",
        ),
    ),
    Theme(
        "crisis care",
        (
            "At night there is nobody but the police for people in crisis in {place}; how do others do it?",
            "I want to learn how a crisis house is paid for.",
        ),
        (
            "Our night service takes calls from any sector; come and sit with us for a shift.",
            "I can talk about how we moved money from beds to a crisis house.",
        ),
    ),
    Theme(
        "carers",
        (
            "Our {setting} finds family carers only once they break down; how do you find them sooner?",
            "Who in {place} gives carers a weekend off?",
        ),
        (
            "We train front desks to spot carers; it takes an hour.",
            "I coordinate respite places in {place} and know what is free.",
        ),
    ),
    Theme(
        "leading through change",
        (
            "I am newly in charge of a {setting} and would value someone who has been there.",
            "Three services become one next spring; who has led such a merger?",
        ),
        (
            "I led two mergers, one of them badly; happy to tell both.",
            "I mentor people in their first year of management.",
        ),
    ),
)
