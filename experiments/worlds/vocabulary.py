"""Invented criteria of judges, of which each world draws its own.

No criterion is a defect in itself: a draw makes some of them the kinds of defect that people object
to in a world, others distractions, and leaves the rest without meaning. So nothing can be learned
about a world from this file. Its words occur in no dataset.
"""

import random
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """A criterion: the phrases that name it, and the `hints` by which people circle around it.

    Phrases are lower-case, and none is part of another criterion's phrases or of any hint.
    """

    id: str
    phrases: tuple[str, ...]
    hints: tuple[str, ...]


def _term(key: str, phrases: str, hints: str) -> Term:
    return Term(id=key, phrases=tuple(phrases.split(" | ")), hints=tuple(hints.split(" | ")))


TERMS = (
    _term(
        "figure",
        "unsupported figure | numbers that do not match | miscounted quantity",
        "Where does this count come from? | I get another sum. | Those digits are off.",
    ),
    _term(
        "attribution",
        "misattributed statement | credited to the wrong person | mixed-up attribution",
        "It was somebody else who said so. | She is not the one who did it. | Who did what is confused here.",
    ),
    _term(
        "date",
        "wrong point in time | misdated event | chronology is wrong",
        "That happened earlier. | Not in that year. | The order of things is different.",
    ),
    _term(
        "omission",
        "leaves out a required part | essential part is missing | incomplete coverage",
        "And the other half? | Only the first thing is dealt with. | Something I needed is not in there.",
    ),
    _term(
        "invention",
        "fabricated detail | made-up particulars | invented information",
        "Nobody ever said this. | I cannot find that anywhere. | Where did they get this from?",
    ),
    _term(
        "overclaim",
        "overstated certainty | unwarranted confidence | presented as proven",
        "It was only a possibility. | Sounds surer than anyone can be. | Was this not just a suspicion?",
    ),
    _term(
        "reversal",
        "reversed meaning | lost negation | states the opposite",
        "It is the other way round. | There was a 'not' in it. | Turns everything on its head.",
    ),
    _term(
        "place",
        "wrong location | misplaced geography | set in another place",
        "That is not where it was. | They were elsewhere. | Right thing, but somewhere else.",
    ),
    _term(
        "question",
        "answers a different question | misses what was asked | off-topic response",
        "I did not want to know that. | Beside the point. | Talks about something else.",
    ),
    _term(
        "vagueness",
        "too vague to use | non-committal wording | evasive statement",
        "Says nothing, really. | I am none the wiser. | Could mean anything.",
    ),
    _term(
        "contradiction",
        "contradicts itself | internal inconsistency | two statements clash",
        "First this, then that. | The end does not go with the beginning. | Cannot both hold.",
    ),
    _term(
        "cause",
        "invented causal link | confuses cause and effect | unfounded explanation of why",
        "One did not lead to the other. | That was not the reason. | The 'because' is a guess.",
    ),
    _term(
        "scope",
        "overgeneralised scope | one case stretched to all | widened claim",
        "Not all of them. | It was about a single one. | This goes for some at most.",
    ),
    _term(
        "unit",
        "mixed-up units | wrong unit of measure | scale confused",
        "Per week or per day? | Thousands are not millions. | Right digits, something else behind them.",
    ),
    _term(
        "structure",
        "ignores the requested format | breaks the required structure | wrong layout of the answer",
        "I wanted it laid out differently. | Not the shape I had in mind. | Cannot be pasted as it is.",
    ),
    _term(
        "tone",
        "inappropriate tone | condescending wording | disrespectful phrasing",
        "One does not talk to people like that. | I would be offended. | Rather snippy.",
    ),
    _term(
        "repetition",
        "needless repetition | redundant restatement | circular wording",
        "We have had that already. | Going round and round. | Half of it would have done.",
    ),
    _term(
        "form",
        "malformed sentence | broken sentence structure | agreement error",
        "Nobody would put it like that. | I stumbled while reading. | The words do not go together.",
    ),
    _term(
        "disclaimer",
        "needless disclaimer | unfounded refusal | hides behind a caveat",
        "Just do it. | All these ifs and buts. | No need to excuse oneself.",
    ),
    _term(
        "surplus",
        "unrequested addition | goes beyond the request | superfluous extra material",
        "Who wanted the rest? | It does not know when to stop. | More than I bargained for.",
    ),
    _term(
        "category",
        "category mistake | wrong type of entity | mistakes one kind of thing for another",
        "A town is not a river. | That is not what such a thing is. | Apples and pears.",
    ),
    _term(
        "quotation",
        "altered quotation | words put in someone's mouth | misquoted source",
        "They never put it in those words. | That is not how it was said. | Read what is written again.",
    ),
    _term(
        "status",
        "plan reported as done | unfinished matter shown as finished | intention taken for outcome",
        "They only want to. | It has not come to that yet. | Still up in the air, as far as I know.",
    ),
    _term(
        "comparison",
        "inverted comparison | wrong ranking of two things | confused better and worse",
        "The second was ahead. | Bigger, not smaller. | Who beat whom?",
    ),
    _term(
        "passive",
        "uses passive voice | agentless verbs | passive constructions",
        "It gets done, by whom? | Rather impersonal. | Bureaucratic.",
    ),
    _term(
        "brevity",
        "longer than three sentences | excessive word count | exceeds forty words",
        "I stopped reading. | Takes its time. | My eyes got tired.",
    ),
    _term(
        "spelling",
        "british spelling | regional orthography | inconsistent spelling variant",
        "Looks foreign to me. | An unusual letter there. | Where did they go to school?",
    ),
    _term(
        "heading",
        "lacks a heading | title line is absent | no headline above it",
        "How does one call this? | Starts out of nowhere. | Straight in.",
    ),
    _term(
        "contraction",
        "contains contractions | informal apostrophes | shortened verb forms",
        "Rather casual. | Written as one talks. | Sloppy on the eye.",
    ),
    _term(
        "exclamation",
        "exclamation marks | excited punctuation | shouting punctuation",
        "Calm down. | A lot of enthusiasm. | Why so loud?",
    ),
    _term(
        "pronoun",
        "first-person pronouns | speaks of itself | writer mentions themselves",
        "Who is speaking? | About whom is this? | Too personal.",
    ),
    _term(
        "bullets",
        "bullet points instead of prose | list-like layout | enumerates rather than narrates",
        "Looks like a shopping slip. | All in pieces. | Not a text one reads.",
    ),
    _term(
        "conjunction",
        "starts with a conjunction | sentence-initial conjunction | opens on a linking word",
        "An odd beginning. | Picks up from nothing. | As if there had been more before.",
    ),
    _term(
        "rhetoric",
        "rhetorical question | question to the reader | asks instead of telling",
        "Why put it to me? | How would I know? | I hoped to be told.",
    ),
    _term(
        "jargon",
        "technical jargon | unexplained abbreviation | specialist vocabulary",
        "Had to look things up. | For insiders. | My mother would not get it.",
    ),
    _term(
        "quotes",
        "decorative quotation marks | scare quotes | superfluous typography",
        "Looks restless. | Why set apart? | All those little signs.",
    ),
)

VAGUE = (
    "Not good enough.",
    "I would not accept this.",
    "Hm, no.",
    "Something is wrong here.",
    "Does not convince me.",
    "No, sorry.",
)
"""Critiques that say nothing about the kind."""

PHRASINGS = (
    "Fail an output with this problem: {phrase}.",
    "Check for this: {phrase}. If it occurs, the verdict is fail.",
    "{phrase} - fail.",
    "One defect is enough to fail: {phrase}.",
    "Does the output show this: {phrase}? Then it fails.",
    "Watch out for outputs of this sort and fail them: {phrase}.",
)
"""Ways in which a proposer writes a line that names a criterion by one of its phrases."""

GENERAL = (
    "Read carefully and take everything into account.",
    "Consider the overall quality of the output.",
    "Compare the output with the input step by step.",
    "An output of high quality is helpful, accurate and clear.",
    "Imagine how an expert would see it.",
)
"""Lines that sound right and name nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draw:
    """One world's criteria: the kinds of defect, most frequent first, and the distractions."""

    kinds: tuple[Term, ...]
    distractions: tuple[Term, ...]


def draw_terms(seed: object, *, taken: str = "", distractions: int = 12) -> Draw:
    """6 to 10 kinds and `distractions` others. None is drawn that a text like `taken` names."""
    rng = random.Random(f"terms/{seed}")  # noqa: S311  # an experiment, not security
    free = [term for term in TERMS if not any(phrase in taken.lower() for phrase in term.phrases)]
    rng.shuffle(free)
    kinds = rng.randint(6, 10)
    return Draw(kinds=tuple(free[:kinds]), distractions=tuple(free[kinds : kinds + distractions]))
