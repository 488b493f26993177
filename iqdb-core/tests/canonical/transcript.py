"""Makes the cases that every kernel is compared with: a transcript of the canonical distance.

`iqdb-core/src/distance.rs` defines the distance of each metric and element. This script transcribes
that text, one index at a time, in Python floats, which are IEEE 754 binary64. It shares no code
with the definition, not even the decoding of an element.

    python3 transcript.py --check    check every distance, and cases.txt
    python3 transcript.py --write    check every distance, and write cases.txt

Both make the same pairs of vectors and check that each distance is within the bound of its rounding
errors, in exact rationals. It needs Python 3.8 or later and no package.
"""

import math
import struct
import sys
from fractions import Fraction
from pathlib import Path

# No cache of the module beside it.
sys.dont_write_bytecode = True
from vectors import Random, bit_pairs, dense_pairs, float_pair, hexadecimal, sparse_pairs, value

CASES = Path(__file__).with_name("cases.txt")

HEADER = """\
# Canonical distances, bit for bit. Written by transcript.py, which says how; never edited.
# dense:  element dim cosine dot euclidean a b
# bits:   binary dim hamming jaccard a b
# sparse: sparse terms dot a b         a and b are index:weight,index:weight,...
# A distance is the bits of an f64 in hex; `-` where the metric refuses a zero vector, `none` where
# sparse vectors share no index. Vectors are the bits of one component after the other, in hex.
"""


# The definition, index by index.


def lane_sum(terms):
    """The sum of a list of terms. The builtin compensates for rounding in some versions."""
    lane = [0.0] * 8
    for i in range(len(terms)):
        lane[i % 8] = lane[i % 8] + terms[i]
    m = [lane[j] + lane[j + 4] for j in range(4)]
    return (m[0] + m[2]) + (m[1] + m[3])


def cosine(a, b, total=lane_sum):
    dim = range(len(a))
    ab = total([a[i] * b[i] for i in dim])
    aa = total([a[i] * a[i] for i in dim])
    bb = total([b[i] * b[i] for i in dim])
    return 1.0 - ab / math.sqrt(aa * bb)


def dot(a, b, total=lane_sum):
    return 0.0 - total([a[i] * b[i] for i in range(len(a))])


def euclidean(a, b, total=lane_sum):
    return math.sqrt(total([(a[i] - b[i]) * (a[i] - b[i]) for i in range(len(a))]))


def hamming(a, b):
    return float(len([i for i in range(len(a)) if a[i] != b[i]]))


def jaccard(a, b):
    both = len([i for i in range(len(a)) if a[i] == 1 and b[i] == 1])
    either = len([i for i in range(len(a)) if a[i] == 1 or b[i] == 1])
    return 1.0 - float(both) / float(either)


def sparse_dot(a, b):
    """`a` and `b` map an index to a weight. `None` where they share no index."""
    common = [i for i in sorted(a) if i in b]
    ab = 0.0
    for i in common:
        ab = ab + a[i] * b[i]
    return 0.0 - ab if common else None


# The bound: a distance is at most `dim * 2^-52 * sum(|terms|)` from the exact one. The terms are
# the products for dot, and 1 and the quotients for cosine and Jaccard. A Euclidean distance is
# within `dim * 2^-52` of itself.

UNIT = Fraction(1, 2**52)


def dot_error(distance, pairs):
    """The error of a negated inner product, in units of the bound."""
    products = [Fraction(x) * Fraction(y) for x, y in pairs]
    error = abs(Fraction(distance) + sum(products))
    bound = len(products) * UNIT * sum(map(abs, products))
    return share(error, bound)


def euclidean_error(distance, pairs):
    squares = sum((Fraction(x) - Fraction(y)) ** 2 for x, y in pairs)
    low, high = root(squares)
    error = max(abs(Fraction(distance) - low), abs(Fraction(distance) - high))
    return share(error, len(pairs) * UNIT * low)


def cosine_error(distance, pairs):
    products = [Fraction(x) * Fraction(y) for x, y in pairs]
    aa = sum(Fraction(x) ** 2 for x, _ in pairs)
    bb = sum(Fraction(y) ** 2 for _, y in pairs)
    # Everything times the norms, which are irrational and therefore between two rationals.
    low, high = root(aa * bb)
    similarity = Fraction(distance) - 1
    error = max(abs(similarity * norms + sum(products)) for norms in (low, high))
    return share(error, len(pairs) * UNIT * (low + sum(map(abs, products))))


def jaccard_error(distance, bits):
    both, either = sum(x & y for x, y in bits), sum(x | y for x, y in bits)
    error = abs(Fraction(distance) - 1 + Fraction(both, either))
    return share(error, len(bits) * UNIT * (1 + Fraction(both, either)))


def hamming_error(distance, bits):
    return share(abs(Fraction(distance) - sum(x ^ y for x, y in bits)), 0)


def share(error, bound):
    """An error of 0 is fine with a bound of 0, too."""
    return Fraction(0) if error == 0 else error / bound if bound else math.inf


def root(x):
    """Two rationals with the square root of `x` between them, 2^-200 of it apart."""
    scaled, shift = x.numerator * x.denominator, 0
    while scaled and scaled.bit_length() + 2 * shift < 400:
        shift += 200
    whole = math.isqrt(scaled << 2 * shift)
    exact = whole * whole == scaled << 2 * shift
    by = x.denominator << shift
    return Fraction(whole, by), Fraction(whole if exact else whole + 1, by)


# The lines of the file.


class Checked:
    """The largest error of each metric, in units of its bound."""

    def __init__(self):
        self.largest, self.distances = {}, 0

    def add(self, name, error):
        self.distances += 1
        self.largest[name] = max(self.largest.get(name, Fraction(0)), error)
        if error > 1:
            sys.exit(f"a distance under {name} is outside of its bound, {float(error)} times")


def show(distance):
    return struct.pack(">d", distance).hex()


def dense_line(element, a_bits, b_bits, checked):
    a, b = [[value(element, bits) for bits in vector] for vector in (a_bits, b_bits)]
    pairs, shown = list(zip(a, b)), []
    metrics = [(cosine, cosine_error), (dot, dot_error), (euclidean, euclidean_error)]
    for metric, error in metrics:
        if metric is cosine and not (any(a) and any(b)):
            shown.append("-")
            continue
        distance = metric(a, b)
        found = error(distance, pairs)
        checked.add(f"{metric.__name__} of {element}", found)
        if element == "i8" and metric is dot and found != 0:
            sys.exit("a sum of integers is not exact")
        shown.append(show(distance))
    vectors = [hexadecimal(element, vector) for vector in (a_bits, b_bits)]
    return " ".join([element, str(len(a)), *shown, *vectors])


def bit_line(a, b, checked):
    pairs = list(zip(a, b))
    distance, shown = hamming(a, b), "-"
    checked.add("hamming of binary", hamming_error(distance, pairs))
    if any(a) and any(b):
        shown = show(jaccard(a, b))
        checked.add("jaccard of binary", jaccard_error(jaccard(a, b), pairs))
    packed = []
    for vector in (a, b):
        data = bytearray((len(vector) + 7) // 8)
        for i in range(len(vector)):
            data[i // 8] |= vector[i] << 7 - i % 8
        packed.append(data.hex())
    return " ".join(["binary", str(len(a)), show(distance), shown, *packed])


def sparse_line(a_bits, b_bits, checked):
    a, b = [{i: value("f32", x) for i, x in vector.items()} for vector in (a_bits, b_bits)]
    distance, shown = sparse_dot(a, b), "none"
    if distance is not None:
        shown = show(distance)
        checked.add("dot of sparse", dot_error(distance, [(a[i], b[i]) for i in a if i in b]))
    vectors = [",".join(f"{i:x}:{v[i]:08x}" for i in sorted(v)) for v in (a_bits, b_bits)]
    return " ".join(["sparse", str(len(a)), shown, *vectors])


def lines(checked):
    for element, (a, b) in dense_pairs():
        yield dense_line(element, a, b, checked)
    for a, b in bit_pairs():
        yield bit_line(a, b, checked)
    for a, b in sparse_pairs():
        yield sparse_line(a, b, checked)


def check_that_the_bound_can_fail():
    """Sums that are kept in f32 are outside of it."""

    def in_f32(terms):
        total = 0.0
        for term in terms:
            total = struct.unpack("<f", struct.pack("<f", total + term))[0]
        return total

    bits = float_pair("f32", "ordinary", 70, Random(300))
    a, b = [[value("f32", x) for x in vector] for vector in bits]
    for metric, error in [(cosine, cosine_error), (dot, dot_error), (euclidean, euclidean_error)]:
        if error(metric(a, b, in_f32), list(zip(a, b))) <= 1:
            sys.exit(f"the bound of {metric.__name__} does not notice a sum in f32")


def main(arguments):
    if arguments not in (["--check"], ["--write"]):
        sys.exit(__doc__)
    check_that_the_bound_can_fail()
    checked = Checked()
    text = HEADER + "".join(line + "\n" for line in lines(checked))
    for name, error in checked.largest.items():
        print(f"{name}: the largest error is {float(error):.3f} of the bound")
    print(f"{checked.distances} distances, each within its bound of the exact one")
    if arguments == ["--write"]:
        CASES.write_bytes(text.encode("ascii"))
        return
    committed = CASES.read_text(encoding="ascii").splitlines()
    made = text.splitlines()
    for number in range(max(len(committed), len(made))):
        if committed[number : number + 1] != made[number : number + 1]:
            sys.exit(f"{CASES.name} differs from the transcript in line {number + 1}")
    print(f"{CASES.name} has the same {len(made)} lines")


if __name__ == "__main__":
    main(sys.argv[1:])
