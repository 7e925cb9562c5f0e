"""Arrays as NumPy itself writes them, one a file: NAME.npy. test_npy.c knows what they hold: element i is (i - 3) / 4."""
import pathlib
import sys

import numpy

target = pathlib.Path(sys.argv[1]) / "npy"
target.mkdir(parents=True, exist_ok=True)


def values(shape, dtype):
    count = int(numpy.prod(shape))
    return ((numpy.arange(count) - 3) / 4).reshape(shape).astype(dtype)


def write(name, array, version=None):
    with open(target / f"{name}.npy", "wb") as file:
        numpy.lib.format.write_array(file, array, version=version, allow_pickle=False)


write("float32", values((2, 3, 4), "<f4"))
write("float64", values((5, 2), "<f8"))
write("float16", values((7,), "<f2"))
write("uint8", numpy.arange(12, dtype="u1").reshape(1, 3, 4))
write("scalar", values((), "<f4") - 0)
write("version2", values((2, 3), "<f4"), (2, 0))
write("version3", values((2, 3), "<f4"), (3, 0))
write("rank6", values((1, 2, 1, 3, 1, 2), "<f4"))

# What is refused.
write("fortran", numpy.asfortranarray(values((2, 3), "<f4")))
write("big_endian", values((2, 3), ">f4"))
write("int32", numpy.arange(4, dtype="<i4"))
write("complex64", numpy.zeros(3, dtype="<c8"))
write("structured", numpy.zeros(3, dtype=[("a", "<f4"), ("b", "<f4")]))
write("empty", values((0, 3), "<f4"))
write("rank7", values((1, 1, 1, 1, 1, 1, 2), "<f4"))
