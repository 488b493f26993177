#!/usr/bin/env python3
"""Compares the scores of text queries with those of bm25s, an implementation that is not ours.

    python3 -m pip install bm25s==0.3.16
    cargo build --release -p iqdb-cli
    python3 iqdb-cli/tests/oracle/bm25.py target/release/iqdb texts.jsonl

texts.jsonl has an object with an `id` and a text per line. The texts are imported in lower case, with a space in
place of all but letters and digits of ASCII, so that both sides have the same words. Each query has distinct words of
the texts, half of the time drawn by their frequency. The score of every hit has to be k1 + 1 times that of bm25s
(method "lucene", float64) up to 1e-9, and so has the score at every rank. With --plant, the scores of bm25s are those
of another b, and have to differ.
"""

import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import bm25s
import numpy as np

K1, B, TOLERANCE = 1.2, 0.75, 1e-9


def read(path, key):
    """The ids and the texts, without what could be cut into words in two ways."""
    with open(path, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return [
        (str(record["id"]), " ".join(re.findall("[a-z0-9]+", record[key].lower())))
        for record in records
    ]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fill(iqdb, directory, texts):
    """A database of the texts."""
    database, lines = directory / "db", directory / "texts.jsonl"
    with open(lines, "w", encoding="utf-8") as out:
        for name, text in texts:
            out.write(json.dumps({"id": name, "payload": {"body": text}}) + "\n")
    run(iqdb, "create", database, "--field", "body:text:words")
    run(iqdb, "import", database, lines)
    return database


def questions(tokens, count, rng):
    """Queries of one to six distinct words."""
    frequent = [word for text in tokens for word in text]
    rare = sorted(set(frequent))
    for n in range(count):
        words = frequent if n % 2 else rare
        yield sorted({rng.choice(words) for _ in range(rng.randint(1, 6))})


def difference(hits, scores, places, k):
    """What is wrong with these hits, or None."""
    found = sorted((score for score in scores if score > 0.0), reverse=True)[:k]
    if len(hits) != len(found):
        return f"{len(hits)} hits instead of {len(found)}"
    for hit, expected in zip(hits, found):
        for what, score in (("record", scores[places[str(hit["id"])]]), ("rank", expected)):
            if abs(-hit["distance"] - score) > TOLERANCE:
                return f"{hit}: the score of its {what} is {float(score)!r}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("iqdb")
    parser.add_argument("texts")
    parser.add_argument("--key", default="gloss", help="the key of the text")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("-k", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", action="store_true", help="see the check fail")
    args = parser.parse_args()

    texts = read(args.texts, args.key)
    tokens = [text.split() for _, text in texts]
    places = {name: place for place, (name, _) in enumerate(texts)}
    index = bm25s.BM25(method="lucene", k1=K1, b=0.5 if args.plant else B, dtype="float64")
    index.index(tokens, show_progress=False)
    wrong = []
    with tempfile.TemporaryDirectory() as directory:
        database = fill(args.iqdb, pathlib.Path(directory), texts)
        for words in questions(tokens, args.queries, random.Random(args.seed)):
            scores = np.asarray(index.get_scores(words), dtype=np.float64) * (K1 + 1.0)
            lines = run(
                args.iqdb, "search", database, "--text", " ".join(words), "-k", str(args.k), "--json"
            )
            hits = [json.loads(line) for line in lines.splitlines()]
            problem = difference(hits, scores, places, args.k)
            if problem:
                wrong.append(f"{' '.join(words)}: {problem}")
    print(f"bm25s {bm25s.__version__}: {args.queries} queries of {len(texts)} texts, {len(wrong)} differ")
    if wrong:
        print("\n".join(wrong[:5]), file=sys.stderr)
    return bool(wrong) != args.plant


if __name__ == "__main__":
    sys.exit(main())
