"""An English corpus made from templates and name lists, so that a first run needs no download.

Written in the GNER folder layout. Some names of every type are kept out of the training split, and most names in dev
and test are drawn from those, so that a model has to learn to copy words and to judge by context.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

TYPES = ("person", "location", "organization", "product", "event")
UNSEEN_SHARE = 0.7
"""Share of dev and test names drawn from those kept out of train."""
MADE_UP_SHARE = 0.5
"""Share of name parts made up letter by letter; without them a small model learns the lists by heart and not to copy."""

_FIRST = """Adele Ahmed Aiko Alan Amara Anders Anita Beatriz Boris Bruno Camille Carlos Chidi Clara Dario Dmitri Edith
Elena Emeka Erik Fatima Felix Freya Gita Gustav Hana Hassan Helga Hugo Ines Ivan Jamal Jana Jorge Kaito Karin Khadija
Lars Leila Lucia Magnus Maria Mateo Mei Miguel Mira Nadia Nikolai Nora Oleg Olga Omar Paula Pedro Priya Rafael Ravi
Rosa Samir Sasha Selma Sven Tariq Teresa Thabo Ulla Uma Viktor Wanda Xavier Yara Yusuf Zofia""".split()
_LAST = """Abara Adler Almeida Andersson Bakker Banerjee Barros Bianchi Bergman Castillo Chandra Cohen Costa Dahl
D'Angelo Demir Dubois Eriksen Farouk Fischer Fontaine Garcia Gupta Haddad Hansen Herrera Horvat Ibrahim Ito Jansen
Jung Kaplan Keller Khan Kimura Kowalski Kruger Laurent Lindgren Lopez Mbeki Marchetti Meyer Mori Moreau Nakamura
Ndiaye Novak Nowak O'Brien O'Neill Okafor Olsen Pavlov Petit Petrov Quist Ramos Reyes Romano Rossi Saito Santos
Sharma Silva Smith-Jones Sokolov Suzuki Tanaka Torres Usman Vargas Vogel Weber Wolff Yamada Zhang Zimmer""".split()
_PLACES = """Aldborough|Amsville|Ankara|Banff|Bergen|Boston|Cairo|Caracas|Cape Town|Cork|Dakar|Delhi|Dresden|Durban|East
Falls|Fairview|Fort Worth|Geneva|Genoa|Glasgow|Hanoi|Havana|Hong Kong|Izmir|Jakarta|Kampala|Kyoto|Lagos|Lake
Garda|Leeds|Lima|Lisbon|Lusaka|Madrid|Malmo|Manila|Monte Verde|Nairobi|New Delhi|New York|North Bay|Oslo|Ottawa|Porto
Alegre|Prague|Quebec City|Quito|Red Creek|Riga|Rio Negro|San Marino|San Pedro|Seoul|Sofia|St. Ives|Stone Harbor|Tampa|
Tartu|Tunis|Turin|U.S.|Utrecht|Vienna|Warsaw|West Hampton|White Plains|York|Zagreb|Zurich""".replace("\n", " ").split("|")
_STEMS = """Alder Apex Arbor Argon Atlas Aurora Baltic Beacon Birch Blue Borealis Cedar Cobalt Compass Coral Crest Delta
Dune Eagle Echo Ember Everest Falcon Fjord Forge Gamma Glacier Granite Harbor Helix Horizon Ibex Indigo Ion Jade Jasper
Juniper Karma Kestrel Kite Lark Lotus Lunar Maple Meridian Mint Nimbus North Nova Oak Onyx Opal Orion Pacific Pine
Polar Quartz Quill Raven Ridge River Sable Sierra Silver Solar Summit Tidal Topaz Umber Vega Velvet Vista Willow Zephyr
Zinc""".split()
_COMPANY = "Bank|Inc.|Labs|Motors|& Co.|Airlines|Foundation|University|Group|Foods|Steel".split("|")
_DEVICE = "Phone|Watch|X1|Pro|S60|Tablet|3000|Camera|Mini|One|Drive".split("|")
_GATHERING = "Cup|Open|Summit|Festival|Awards|Marathon|Games|Congress|Fair".split("|")

_ONSETS = "b br c ch d dr f fl g gr h j k kh kr l m n p pr qu r s sh sk st t th tr v w y z".split()
_VOWELS = "a a e e i i o o u ai au ea ei ia io ou".split()
_CODAS = ["", "", "", "l", "m", "n", "n", "nd", "ng", "r", "rt", "s", "ss", "t", "x", "ck"]

_FILLERS = {
    "role": "lawyer doctor teacher pilot critic nurse director painter farmer singer chef judge poet coach".split(),
    "thing": "report contract bridge garden book letter song painting house proposal budget speech map film".split(),
    "quality": "new old long quiet strange famous small bright costly modern simple final rare broken".split(),
    "verb": "praised visited criticised left joined described found missed avoided remembered studied".split(),
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "time": "yesterday today again later soon twice quickly suddenly quietly slowly".split(),
    "number": "two three 7 12 25 40 150 1,200 3.5 1998 2024 9:30".split(),
}

_TEMPLATES = """\
{person} was born in {location} .
{person} , a [role] from {location} , [verb] {organization} [time] .
{person} and {person} [verb] the [quality] [thing] in {location} .
The [role] {person} moved to {location} in [number] .
{organization} said it would open [number] offices in {location} .
{organization} hired {person} as a [role] .
Shares of {organization} fell [number] % on [day] .
{organization} 's [quality] {product} will be sold in {location} from [day] .
I bought the {product} by {organization} [time] , and it is [quality] .
" The {product} is [quality] , " said {person} of {organization} .
The {product} costs $ [number] in {location} .
{person} does n't like the {product} ( made by {organization} ) .
{person} won the {event} in {location} [time] .
The {event} begins on [day] in {location} .
{person} will speak at the {event} .
Tickets for the {event} cost [number] dollars .
{organization} is a sponsor of the {event} .
At the {event} , {organization} showed the [quality] {product} .
A [role] [verb] {person} near {location} on [day] .
Did {person} really leave {organization} ?
Flights from {location} to {location} were late [time] .
{location} ( {location} ) , [day] - The [role] [verb] the [thing] .
She gave her {product} to {person} [time] .
Who is the [role] of {organization} ?
In {location} , {person} [verb] a [quality] [role] .
{person} : " We [verb] {location} [time] ! "
{person} 's [thing] about {location} is [quality] .
{organization} and {organization} signed a [quality] [thing] .
How far is {location} from {location} ?
The [role] [verb] the [quality] [thing] [time] .
It was a [quality] [day] , and the [role] [verb] the [thing] .
Please send [number] copies of the [thing] .
Nobody [verb] the [quality] [thing] in [number] .
Why is the [thing] so [quality] ?
" It is [quality] , " the [role] said [time] .
We have [number] [quality] problems with the [thing] .
""".splitlines()


@dataclass(frozen=True)
class SyntheticCorpus:
    """A made-up corpus, written to ``<data.root>/<name>`` when a run asks for it by name.

    Attributes:
        name: Name of the data set.
        num_train: Sentences to train on.
        num_dev: Sentences of the dev split, and of the test split.
        seed: Start of the random choices; the same numbers always give the same files.
    """

    name: str = "synthetic"
    num_train: int = 4000
    num_dev: int = 200
    seed: int = 0

    def write(self, root: Path) -> Path:
        """Write ``{train,dev,test}.txt`` and ``label.txt``, unless this very corpus is there already.

        Returns:
            The folder of the data set.

        Raises:
            ValueError: The folder holds something else.
        """
        folder = root / self.name
        made_by = json.dumps(asdict(self))
        stamp = folder / "synthetic.json"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == made_by:
            return folder
        if folder.exists() and not stamp.exists():
            raise ValueError(
                f"Expected to write the made-up corpus to {folder}, but other data is there. "
                "Set data.synthetic.name or data.root, or set data.synthetic to null to read that data."
            )
        root.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=root, prefix=".unfinished-"))
        rng = random.Random(self.seed)
        names = _Names(rng)
        for split, size in (("train", self.num_train), ("dev", self.num_dev), ("test", self.num_dev)):
            unseen_share = 0.0 if split == "train" else UNSEEN_SHARE
            sentences = [_sentence(rng, names, unseen_share) for _ in range(size)]
            (unfinished / f"{split}.txt").write_text("\n".join(sentences), encoding="utf-8")
        (unfinished / "label.txt").write_text("\n".join(TYPES) + "\n", encoding="utf-8")
        (unfinished / stamp.name).write_text(made_by, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
        return folder


class _Names:
    """Draws names; a third of every list is never drawn for train."""

    def __init__(self, rng: random.Random) -> None:
        lists = {"first": _FIRST, "last": _LAST, "place": _PLACES, "stem": _STEMS}
        self._parts: dict[str, tuple[list[str], list[str]]] = {}
        for key, values in lists.items():
            shuffled = rng.sample(values, len(values))
            self._parts[key] = (shuffled[len(values) // 3 :], shuffled[: len(values) // 3])

    def draw(self, rng: random.Random, entity_type: str, unseen_share: float) -> str:
        unseen = rng.random() < unseen_share

        def pick(key: str) -> str:
            return _made_up(rng) if rng.random() < MADE_UP_SHARE else rng.choice(self._parts[key][unseen])

        makers: dict[str, Callable[[], str]] = {
            "person": lambda: pick("last") if rng.random() < 0.2 else f"{pick('first')} {pick('last')}",
            "location": lambda: pick("place").strip(),
            "organization": lambda: f"{pick('stem')} {rng.choice(_COMPANY)}",
            "product": lambda: f"{pick('stem')} {rng.choice(_DEVICE)}",
            "event": lambda: f"{pick('place').strip()} {rng.choice(_GATHERING)}",
        }
        return makers[entity_type]()


def _made_up(rng: random.Random) -> str:
    syllables = (rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.choice((1, 2, 2, 3))))
    return "".join(syllables).capitalize()


def _sentence(rng: random.Random, names: _Names, unseen_share: float) -> str:
    """One sentence in lines of ``word TAB tag``."""
    lines: list[str] = []
    for part in rng.choice(_TEMPLATES).split():
        if part.startswith("{"):
            entity_type = part[1:-1]
            words = names.draw(rng, entity_type, unseen_share).split()
            lines += [f"{word}\t{'I' if at else 'B'}-{entity_type}\n" for at, word in enumerate(words)]
        else:
            word = rng.choice(_FILLERS[part[1:-1]]) if part.startswith("[") else part
            lines.append(f"{word}\tO\n")
    return "".join(lines)
