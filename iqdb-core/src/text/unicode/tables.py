#!/usr/bin/env python3
"""Makes words_1.bin, the tables of the analyzer words/1, from the Unicode Character Database 15.0.

    python3 tables.py /usr/share/unicode          compares the tables with words_1.bin
    python3 tables.py /usr/share/unicode --write  writes words_1.bin

The folder is that of Debian's package unicode-data 15.0.0-1. The tables of words/1 never change: others
would be those of words/2. What is derived from Unicode's data is under LICENSE-UNICODE, beside this file.
"""

import struct
import sys
from pathlib import Path

ASTRAL_IGNORED = range(0xE0000, 0xE1000)  # the analyzer drops these without a table
CLASSES = {
    "ALetter": 1,
    "Hebrew_Letter": 2,
    "Numeric": 3,
    "ExtendNumLet": 4,
    "MidLetter": 5,
    "MidNum": 6,
    "MidNumLet": 7,
    "Single_Quote": 8,
    "Double_Quote": 9,
    "Extend": 10,
    "Format": 10,
    "ZWJ": 10,
    "Katakana": 11,
}
UNSPACED = 11  # letters of scripts that put no spaces between words, and numbers of no class


def lines(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line:
            yield [part.strip() for part in line.split(";")]


def code_points(text):
    first, _, last = text.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


def property_of(path, name):
    return {c for part in lines(path) if part[1] == name for c in code_points(part[0])}


def chars(text):
    return [int(part, 16) for part in text.split()]


class Unicode:
    def __init__(self, folder):
        self.combining, self.canonical, self.category = {}, {}, {}
        for part in lines(folder / "UnicodeData.txt"):
            c = int(part[0], 16)
            self.category[c] = part[2]
            if part[3] != "0":
                self.combining[c] = int(part[3])
            if part[5] and not part[5].startswith("<"):
                self.canonical[c] = chars(part[5])
        derived = folder / "DerivedNormalizationProps.txt"
        self.folded = {
            c: chars(part[2])
            for part in lines(derived)
            if part[1] == "NFKC_CF"
            for c in code_points(part[0])
        }
        self.excluded = property_of(derived, "Full_Composition_Exclusion")
        breaks = folder / "auxiliary" / "WordBreakProperty.txt"
        self.classes = {c: part[1] for part in lines(breaks) for c in code_points(part[0])}
        self.alphabetic = property_of(folder / "DerivedCoreProperties.txt", "Alphabetic")
        self.hangul = property_of(folder / "Scripts.txt", "Hangul")

    def decomposed(self, c):
        if 0xAC00 <= c < 0xAC00 + 11172:
            n = c - 0xAC00
            tail = [0x11A7 + n % 28] if n % 28 else []
            return [0x1100 + n // 588, 0x1161 + n % 588 // 28] + tail
        if c not in self.canonical:
            return [c]
        return [d for part in self.canonical[c] for d in self.decomposed(part)]

    def fold(self):
        """Code points that are not left as they are, with the decomposition of their NFKC_Casefold."""
        table = []
        for c in sorted(set(self.folded) | set(self.canonical)):
            to = [d for f in self.folded.get(c, [c]) for d in self.decomposed(f)]
            if to != [c] and c not in ASTRAL_IGNORED:
                table.append((c, "".join(map(chr, to)).encode()))
        return table

    def class_of(self, c):
        name = self.classes.get(c)
        if name == "ALetter" and c in self.hangul:
            return UNSPACED
        if CLASSES.get(name):
            return CLASSES[name]
        is_number = self.category.get(c, "").startswith("N")
        return UNSPACED if name is None and (c in self.alphabetic or is_number) else 0

    def composed(self):
        return sorted(
            (*parts, c)
            for c, parts in self.canonical.items()
            if len(parts) == 2 and c not in self.excluded
        )


def ranges(value_of):
    """(first, last, value) of the code points whose value is not 0."""
    table = []
    for c in range(0x110000):
        value = value_of(c)
        if not value:
            continue
        if table and table[-1][1] == c - 1 and table[-1][2] == value:
            table[-1][1] = c
        else:
            table.append([c, c, value])
    return table


def u24(number):
    return struct.pack("<I", number)[:3]


def tables(unicode):
    fold = unicode.fold()
    keys, text, end = [], b"".join(to for _, to in fold), 0
    for c, to in fold:
        end += len(to)
        keys.append(u24(c) + struct.pack("<H", end))
    by_range = [
        b"".join(u24(first) + u24(last) + bytes([value]) for first, last, value in ranges(value_of))
        for value_of in (lambda c: unicode.combining.get(c, 0), unicode.class_of)
    ]
    composed = b"".join(u24(a) + u24(b) + u24(c) for a, b, c in unicode.composed())
    sections = [b"".join(keys), text, composed, *by_range]
    return b"".join(struct.pack("<I", len(section)) for section in sections) + b"".join(sections)


def main():
    made = tables(Unicode(Path(sys.argv[1])))
    path = Path(__file__).with_name("words_1.bin")
    if "--write" in sys.argv:
        path.write_bytes(made)
    elif path.read_bytes() != made:
        sys.exit(f"{path.name} is not what the folder gives")
    print(f"{path.name}: {len(made)} bytes")


if __name__ == "__main__":
    main()
