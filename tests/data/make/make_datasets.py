"""A small IDX file (element i of [3, 4, 5] is 7 i mod 256): plain, compressed, and compressed in two members."""
import gzip
import pathlib
import sys

target = pathlib.Path(sys.argv[1]) / "idx"
target.mkdir(parents=True, exist_ok=True)

SHAPE = (3, 4, 5)
data = bytes([0, 0, 8, len(SHAPE)]) + b"".join(n.to_bytes(4, "big") for n in SHAPE) + bytes(7 * i % 256 for i in range(60))


def packed(piece):
    return gzip.compress(piece, mtime=0)


(target / "images.idx").write_bytes(data)
(target / "images.idx.gz").write_bytes(packed(data))
(target / "members.idx.gz").write_bytes(packed(data[:31]) + packed(data[31:]))
(target / "labels.idx").write_bytes(bytes([0, 0, 8, 1]) + (6).to_bytes(4, "big") + bytes([9, 2, 1, 1, 6, 0]))
