"""An embedding as simple as can be: words hashed into a unit vector."""

import hashlib
import math
import re

_WORD = re.compile(r"\w+")


def embedding(text: str, dimensions: int) -> list[float]:
    """A unit vector of `dimensions`: each word adds to one of them, more often but ever less. A text
    without words gives the first unit vector."""
    counts: dict[int, int] = {}
    for word in _WORD.findall(text.lower()):
        place = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) % dimensions
        counts[place] = counts.get(place, 0) + 1
    weights = {place: 1 + math.log(count) for place, count in counts.items()} or {0: 1.0}
    length = math.sqrt(sum(weight**2 for weight in weights.values()))
    return [round(weights.get(place, 0.0) / length, 6) for place in range(dimensions)]
