#!/usr/bin/env python3
"""Writes the transforms of Winograd convolution from the points they interpolate at:

    between the two marker lines of cl/conv2d_winograd.cl   input and output transforms, as OpenCL C
    likewise of cl/winograd_weights.cl                       weight transforms, as OpenCL C, for weights that are given in each run
    likewise of cl/conv2d_weights_winograd.cl                all three of F(3, 4), which gives the gradient of a 3 x 3 kernel
    src/ops/winograd_weights.inc                             weight transforms, as numbers

F(m, r) computes m neighbouring results of a filter with r taps by n = m + r - 1 products instead of m * r (Winograd, Arithmetic
Complexity of Computations, 1980; Lavin and Gray, arXiv:1509.09308):

    y = A [(G g) * (B d)],   d: n inputs, g: r taps, y: m results

Seen as polynomials (Toom and Cook, transposed), with points p_0 .. p_(n-2) and infinity:

    B, row p: the coefficients of prod over q != p of (x - q)       row infinity: of prod over all q
    G, row p: p^k / prod over q != p of (p - q), k = 0 .. r - 1      row infinity: 0 .. 0 1
    A, column p: p^k, k = 0 .. m - 1                                 column infinity: 0 .. 0 1

The points are infinity, pairs +p, -p, whose rows have the same even and odd parts, and 0 where their number is even. Which pairs are best for float32 was
found by search: they give the smallest error of random convolutions among pairs of small fractions. They are exact in binary, and
so are most of the coefficients.

With stride 2 and three taps, results are made from two sets of inputs: with even numbers, by taps 0 and 2, as in F(m, 2), and with
odd numbers, by tap 1, a product for each result. That is F(m, 3, stride 2), 2 m + 1 inputs and products for m results: those
of F(m, 2) come first.

Run it without arguments after a change of TRANSFORMS; with --check it fails when the files are not what it would write."""

import sys
from fractions import Fraction
from pathlib import Path

# (m, r, stride): the points p of the pairs
TRANSFORMS = {
    (2, 3, 1): ["1"],
    (4, 3, 1): ["5/8", "5/4"],
    (4, 4, 1): ["1/4", "1", "2"],
    (2, 5, 1): ["3/4", "3/2"],
    (4, 7, 1): ["3/8", "7/8", "5/4", "5/2"],
    (6, 7, 1): ["3/8", "5/8", "1", "3/2", "5/2"],
    (2, 3, 2): ["1"],
    (3, 3, 2): ["1"],
}

# The same, of filters that are tiles of dy: the results are the gradient of the convolution's weight.
GRADIENT_TRANSFORMS = {(3, 4, 1): ["5/8", "5/4"]}

ROOT = Path(__file__).resolve().parent.parent
KERNEL = ROOT / "cl/conv2d_winograd.cl"
WEIGHTS_KERNEL = ROOT / "cl/winograd_weights.cl"
GRADIENT_KERNEL = ROOT / "cl/conv2d_weights_winograd.cl"
WEIGHTS = ROOT / "src/ops/winograd_weights.inc"
BEGIN = "/* ---- Written by scripts/winograd.py: from here ---- */\n"
END = "/* ---- to here ---- */\n"


def points_of(m, r, pairs):
    zero = [Fraction(0)] * (m + r - 2 - 2 * len(pairs))
    return zero + [sign * Fraction(p) for p in pairs for sign in (1, -1)]


def polynomial(roots):
    """Coefficients of prod (x - root), lowest power first."""
    result = [Fraction(1)]
    for root in roots:
        shifted = [Fraction(0)] + result
        result = [a - root * b for a, b in zip(shifted, result + [Fraction(0)])]
    return result


def matrices(m, r, pairs):
    points = points_of(m, r, pairs)
    n = m + r - 1
    assert len(points) == len(set(points)) == n - 1
    a = [[p**k for p in points] + [Fraction(k == m - 1)] for k in range(m)]
    b, g = [], []
    for i, p in enumerate(points):
        others = points[:i] + points[i + 1 :]
        scale = Fraction(1)
        for q in others:
            scale *= p - q
        b.append(polynomial(others) + [Fraction(0)])
        g.append([p**k / scale for k in range(r)])
    b.append(polynomial(points))
    g.append([Fraction(k == r - 1) for k in range(r)])
    return a, b, g


def unit(length, place):
    return [Fraction(k == place) for k in range(length)]


def matrices_of_stride_2(m, pairs):
    """F(m, 3, stride 2), from F(m, 2) and m products for tap 1."""
    even_a, even_b, even_g = matrices(m, 2, pairs)
    n = 2 * m + 1
    a = [even_a[k] + unit(m, k) for k in range(m)]
    b = [[row[k // 2] if k % 2 == 0 else Fraction(0) for k in range(n)] for row in even_b]
    b += [unit(n, 2 * k + 1) for k in range(m)]
    g = [[row[0], Fraction(0), row[1]] for row in even_g] + [unit(3, 1)] * m
    return a, b, g


def transform(m, r, stride, pairs):
    return matrices(m, r, pairs) if stride == 1 else matrices_of_stride_2(m, pairs)


def check(m, r, stride, a, b, g):
    """The identity, exactly, on unit vectors."""
    n = len(b)
    for i in range(n):
        for j in range(r):
            y = [sum(a[k][p] * g[p][j] * b[p][i] for p in range(n)) for k in range(m)]
            assert y == [Fraction(stride * k + j == i) for k in range(m)]


# ---- OpenCL C ---------------------------------------------------------------------------------------------------------------


def literal(value):
    text = "%.9g" % float(value)
    return text + ("f" if "." in text or "e" in text else ".0f")


def combination(terms):
    """The sum of coefficient * name, which compilers make fused products of where the device has such."""
    terms = sorted((t for t in terms if t[0] != 0), key=lambda t: t[0] != 1)
    coefficient, name = terms[0]
    text = name if coefficient == 1 else f"{literal(coefficient)} * {name}"
    for coefficient, name in terms[1:]:
        factor = "" if abs(coefficient) == 1 else f"{literal(abs(coefficient))} * "
        text += f" {'-' if coefficient < 0 else '+'} {factor}{name}"
    return text


def transform_by_rows(function, source, matrix, first, pair_count):
    """`first`: of the rows of the pairs; rows before and behind them have nothing in common."""
    n = len(matrix)
    names = [f"{source}[{k} * step]" for k in range(len(matrix[0]))]
    single = {i: f"    v[{i} * v_step] = {combination(zip(matrix[i], names))};" for i in range(n)}
    lines = [single[i] for i in range(first)]
    for i in range(first, first + 2 * pair_count, 2):
        pairs = list(zip(matrix[i], matrix[i + 1], names))
        halves = [[(x, name) for x, y, name in pairs if x == sign * y] for sign in (1, -1)]
        lines.append(f"    even = {combination(halves[0])};")
        lines.append(f"    odd = {combination(halves[1])};")
        lines.append(f"    v[{i} * v_step] = even + odd;")
        lines.append(f"    v[{i + 1} * v_step] = even - odd;")
    lines += [single[i] for i in range(first + 2 * pair_count, n)]
    return [
        f"static inline void {function}(const vec *{source}, int step, vec *v, int v_step) {{",
        "    vec even, odd;",
        *lines,
        "}",
    ]


def output_transform(a, first, pair_count):
    m, n = len(a), len(a[0])
    lines = []
    for i in range(pair_count):
        plus, minus = f"v[{first + 2 * i} * step]", f"v[{first + 2 * i + 1} * step]"
        lines.append(f"    const vec sum{i} = {plus} + {minus}, difference{i} = {plus} - {minus};")
    single = [*range(first), *range(first + 2 * pair_count, n)]
    for k in range(m):
        part = "difference" if k % 2 else "sum"
        terms = [(a[k][first + 2 * i], f"{part}{i}") for i in range(pair_count)]
        terms += [(a[k][i], f"v[{i} * step]") for i in single]
        lines.append(f"    y[{k} * y_step] = {combination(terms)};")
    return ["static inline void transform_output(const vec *v, int step, vec *y, int y_step) {", *lines, "}"]


def kernel_text(table, transforms):
    """`transforms`: of matrices a, b and g, the first of the rows of pairs and their number, gives the functions."""
    lines = []
    for index, ((m, r, stride), pairs) in enumerate(table.items()):
        first = int(Fraction(0) in points_of(m, r if stride == 1 else 2, pairs))
        points = ["0"] * first + [f"+-{p}" for p in pairs] + ["infinity"]
        condition = f"TILE == {m} && KERNEL == {r} && STRIDE == {stride}"
        lines.append(f"{'#elif' if index else '#if'} {condition} /* points {', '.join(points)} */")
        lines += transforms(*transform(m, r, stride, pairs), first, len(pairs))
    return "\n".join(lines + ["#endif", ""])


def data_transforms(a, b, _, first, pair_count):
    return transform_by_rows("transform_input", "d", b, first, pair_count) + output_transform(a, first, pair_count)


def weight_transforms(_a, _b, g, first, pair_count):
    return transform_by_rows("transform_weight", "g", g, first, pair_count)


def gradient_transforms(a, b, g, first, pair_count):
    data = data_transforms(a, b, g, first, pair_count)
    return data + transform_by_rows("transform_gradient", "g", g, first, pair_count)


# ---- Numbers for C ----------------------------------------------------------------------------------------------------------


def weights_text():
    lines = ["/* Written by scripts/winograd.py: m, r, stride, and the matrix G, a row of r for each product. */"]
    for (m, r, stride), pairs in TRANSFORMS.items():
        a, b, g = transform(m, r, stride, pairs)
        check(m, r, stride, a, b, g)
        rows = ["{" + ", ".join(repr(float(x)) for x in row) + "}" for row in g]
        lines.append(f"{{{m}, {r}, {stride}, {{" + ",\n        ".join(rows) + "}},")
    return "\n".join(lines) + "\n"


def main():
    wanted = {WEIGHTS: weights_text()}
    kernels = (
        (KERNEL, TRANSFORMS, data_transforms),
        (WEIGHTS_KERNEL, TRANSFORMS, weight_transforms),
        (GRADIENT_KERNEL, GRADIENT_TRANSFORMS, gradient_transforms),
    )
    for path, table, transforms in kernels:
        before, rest = path.read_text().split(BEGIN)
        wanted[path] = before + BEGIN + kernel_text(table, transforms) + END + rest.split(END)[1]
    for path, text in wanted.items():
        if sys.argv[1:] == ["--check"]:
            if not path.exists() or path.read_text() != text:
                sys.exit(f"{path.relative_to(ROOT)} is not what scripts/winograd.py writes")
        else:
            path.write_text(text)


main()
