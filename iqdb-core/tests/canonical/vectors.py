"""The elements, and the pairs of vectors that are compared, as bits.

The same pairs come every time. None of them needs a distance: `transcript.py` computes those.
"""

import math

# The elements: how many bits of exponent and mantissa a float has, and what its bits mean.

FLOATS = {"f32": (8, 23), "f16": (5, 10), "bf16": (8, 7)}
ELEMENTS = [*FLOATS, "i8"]
DIMS = [*range(1, 71), 128, 384, 1_000]


def bits_of(element):
    return 8 if element == "i8" else 1 + sum(FLOATS[element])


def value(element, bits):
    """The number that the bits of a component stand for."""
    if element == "i8":
        return float(bits - 256 if bits >= 128 else bits)
    exponent_bits, mantissa_bits = FLOATS[element]
    mantissa = bits & (2**mantissa_bits - 1)
    exponent = bits >> mantissa_bits & (2**exponent_bits - 1)
    assert exponent < 2**exponent_bits - 1, "neither infinite nor NaN"
    if exponent == 0:
        exponent = 1
    else:
        mantissa += 2**mantissa_bits
    magnitude = math.ldexp(mantissa, exponent - (2 ** (exponent_bits - 1) - 1) - mantissa_bits)
    return -magnitude if bits >> (exponent_bits + mantissa_bits) else magnitude


def hexadecimal(element, vector):
    return "".join(f"{bits:0{bits_of(element) // 4}x}" for bits in vector)


# The vectors, as bits. The generator is SplitMix64.


class Random:
    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return (z ^ z >> 31) % n

    def pick(self, values):
        return values[self.below(len(values))]


def a_float(element, random, low, high):
    """With an exponent field of `low` to below `high`, and any mantissa and sign."""
    exponent_bits, mantissa_bits = FLOATS[element]
    sign = random.below(2) << (exponent_bits + mantissa_bits)
    exponent = low + random.below(high - low)
    return sign | exponent << mantissa_bits | random.below(2**mantissa_bits)


def float_classes(element):
    """Zero, the limits of subnormal and normal numbers, and one, of both signs."""
    exponent_bits, mantissa_bits = FLOATS[element]
    one = 2 ** (exponent_bits - 1) - 1 << mantissa_bits
    least_normal = 1 << mantissa_bits
    greatest = (2**exponent_bits - 1 << mantissa_bits) - 1
    positive = [0, 1, least_normal - 1, least_normal, one, one + 1, greatest]
    return positive + [x | 1 << exponent_bits + mantissa_bits for x in positive]


def float_pair(element, kind, dim, random):
    exponent_bits, mantissa_bits = FLOATS[element]
    top, one = 2**exponent_bits - 1, 2 ** (exponent_bits - 1) - 1
    sign = 1 << exponent_bits + mantissa_bits
    ordinary = [(one - 8, one + 1)], [(one - 8, one + 1)]
    # Some products are so small beside others that an addition loses about half of their bits.
    spread = [(one - 13, one - 7), (one + 9, one + 15)]
    ranges_a, ranges_b = {
        "spread": (spread, spread),
        # The differences are of one size and have many bits, so that their squares are rounded.
        "huge": ([(top - 1, top)], [(top - 13, top - 9)]),
        "tiny": ([(0, 3)], [(0, 3)]),
        "cancelling": ([(0, top)], [(0, top)]),
        "any": ([(0, top)], [(0, top)]),
    }.get(kind, ordinary)
    a = [a_float(element, random, *random.pick(ranges_a)) for _ in range(dim)]
    b = [a_float(element, random, *random.pick(ranges_b)) for _ in range(dim)]
    if kind == "zeros":
        for vector in (a, b):
            for i in range(dim):
                vector[i] = random.pick([0, sign, vector[i]])
    if kind == "near":
        # Components differ by a few units of the last place or not at all, but for one lane, so
        # that the other lanes don't hide how its sum was rounded.
        lane = random.below(min(dim, 8))
        for i in range(dim):
            if i % 8 != lane:
                b[i] = a[i] + random.below(4) if a[i] % 8 < 4 else a[i]
    if kind == "cancelling":
        # The product of a component is taken back in the same lane, or in the next one.
        back = 8 if dim > 8 else 1
        for i in range(back, dim):
            if i // back % 2 == 1:
                a[i], b[i] = a[i - back], b[i - back] ^ sign ^ random.below(2)
    return a, b


def pair(element, kind, dim, random):
    if element != "i8":
        return float_pair(element, kind, dim, random)
    values = range(256) if kind == "spread" else [128, 127, 129, 255, 0, 1]
    return [random.pick(values) for _ in range(dim)], [random.pick(values) for _ in range(dim)]


# Seven of them, so that each comes with every dimension mod 8.
KINDS = ["ordinary", "huge", "tiny", "zeros", "cancelling", "near", "any"]


def dense_pairs():
    """Element and two vectors."""
    for element in ELEMENTS:
        random = Random(ELEMENTS.index(element))
        for dim in DIMS:
            yield element, pair(element, "spread", dim, random)
            if dim < 1_000 or element in ("f32", "i8"):
                yield element, pair(element, KINDS[dim % 7], dim, random)
        if element == "i8":
            yield element, ([128] * 1_000, [128] * 1_000)
            yield element, ([128] * 1_000, [127] * 1_000)
            continue
        classes = float_classes(element)
        for turn in range(len(classes)):
            yield element, (classes, classes[turn:] + classes[:turn])
        yield element, ([classes[6]] * 128, [classes[13]] * 128)
        yield element, ([classes[6]] * 17, [classes[1]] * 17)
        yield element, ([classes[0]] * 9, [classes[7]] * 8 + [classes[4]])


def bit_pairs():
    random = Random(100)
    for dim in DIMS:
        # Each bit is set with a probability of 1/2, 1/8 and 7/8.
        for of, below in [(2, 1), (8, 1), (8, 7)]:
            yield [[int(random.below(of) < below) for _ in range(dim)] for _ in range(2)]
        last, ones = [0] * (dim - 1) + [1], [1] * dim
        yield last, ones
        yield last, [1] + [0] * (dim - 1)
        yield ones, ones


def sparse_pairs():
    random = Random(200)
    for n in range(80):
        terms, kind = 1 + random.below(12) if n else 200, ["spread", *KINDS][n % 8]
        a, b = float_pair("f32", kind, 2 * terms, random)
        indices = sorted({2**32 - 1, *(random.below(2**32 - 1) for _ in range(2 * terms - 1))})
        # The indices from here on are those of both vectors: half of all, none, one or two.
        common = len(indices) - [terms, 0, 1, 2, terms][n % 5]
        left, right = {}, {}
        for at, (i, x, y) in enumerate(zip(indices, a, b)):
            side = random.below(2)
            if (at >= common or side == 0) and value("f32", x) != 0.0:
                left[i] = x
            if (at >= common or side == 1) and value("f32", y) != 0.0:
                right[i] = y
        if left and right:
            yield left, right
    one, big, minus = 0x3F800000, 0x7F7FFFFF, 1 << 31
    # The square of `big` comes and goes: the order decides whether the 1 is lost.
    yield {3: big, 5: one, 9: big}, {3: big, 5: one, 9: big | minus}
    yield {3: big, 5: big, 9: one}, {3: big, 5: big | minus, 9: one}
    yield {0: one}, {0: one | minus}
    yield {0: one}, {1: one}
    yield {0: 1, 2**32 - 1: 1}, {0: 1, 2**32 - 1: 1 | minus}
