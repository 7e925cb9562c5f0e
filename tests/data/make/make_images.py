"""Small images in every kind of file that has to be read, with Pillow's pixels as what to expect: FILE and, beside it,
FILE.grey.npy [H, W, 1] and FILE.rgb.npy [H, W, 3]."""
import io
import pathlib
import struct
import sys
import zlib

import numpy
from PIL import Image

target = pathlib.Path(sys.argv[1]) / "images"
target.mkdir(parents=True, exist_ok=True)
random = numpy.random.default_rng(20240501)
WIDTH, HEIGHT = 29, 19


def picture(channels):
    """Smooth colours, so that JPEG keeps them, under a little noise."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [127 + 90 * numpy.sin(x / (4 + c) + c) * numpy.cos(y / (5 + c)) for c in range(channels)]
    noisy = numpy.stack(planes, axis=-1) + random.normal(0, 8, (HEIGHT, WIDTH, channels))
    return numpy.clip(noisy, 0, 255).astype("u1")


def expect(name, rgb, grey):
    numpy.save(target / f"{name}.rgb.npy", numpy.asarray(rgb, "u1").reshape(HEIGHT, WIDTH, 3))
    numpy.save(target / f"{name}.grey.npy", numpy.asarray(grey, "u1").reshape(HEIGHT, WIDTH, 1))


def add(name, image, **options):
    image.save(target / name, **options)
    expect_as_pillow(name)


def expect_as_pillow(name):
    image = Image.open(target / name)
    rgb = image.convert("RGB")
    # Grey of a coloured image goes by its colours, as the palette's or the transparent pixel's are.
    expect(name, rgb, image.convert("L") if image.mode == "L" else rgb.convert("L"))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, colour, rows, extra=b"", interlace=0):
    """A PNG of raw rows, for the kinds Pillow does not write."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


rgb, grey, alpha = picture(3), picture(1)[:, :, 0], picture(1)
colour = Image.fromarray(rgb)

add("rgb.jpg", colour, quality=90, subsampling=0)
add("rgb420.jpg", colour, quality=90, subsampling=2)
add("rgb422_progressive.jpg", colour, quality=85, subsampling=1, progressive=True)
add("grey.jpg", Image.fromarray(grey), quality=90)
colour.convert("CMYK").save(target / "cmyk.jpg")

add("rgb.png", colour)
add("grey.png", Image.fromarray(grey))
add("rgba.png", Image.fromarray(numpy.concatenate([rgb, alpha], axis=-1)))
add("grey_alpha.png", Image.fromarray(numpy.stack([grey, alpha[:, :, 0]], axis=-1), "LA"))
add("palette.png", colour.quantize(13))
add("palette_transparent.png", colour.quantize(200), transparency=3)
add("grey_transparent.png", Image.fromarray(grey), transparency=int(grey[0, 0]))
bits = (grey > 127)
(target / "grey1.png").write_bytes(png(1, 0, b"".join(b"\0" + numpy.packbits(row).tobytes() for row in bits)))
expect("grey1.png", numpy.repeat(bits[:, :, None] * 255, 3, axis=-1), bits * 255)

# 16 bits a sample: the upper byte counts. A gamma chunk changes nothing.
wide = random.integers(0, 65536, (HEIGHT, WIDTH, 3)).astype(">u2")
rows = b"".join(b"\0" + row.tobytes() for row in wide)
(target / "rgb16.png").write_bytes(png(16, 2, rows, chunk(b"gAMA", struct.pack(">I", 100000))))
upper = (wide >> 8).astype("u1")
expect("rgb16.png", upper, Image.fromarray(upper).convert("L"))
rows = b"".join(b"\0" + row.tobytes() for row in wide[:, :, 0].copy())
(target / "grey16.png").write_bytes(png(16, 0, rows))
expect("grey16.png", numpy.repeat(upper[:, :, :1], 3, axis=-1), upper[:, :, 0])

# Interlaced by Adam7: each pass is an image of its own.
rows = b""
for y, x, dy, dx in ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)):
    for row in rgb[y::dy, x::dx]:
        rows += b"\0" + row.tobytes() if row.size else b""
(target / "interlaced.png").write_bytes(png(8, 2, rows, interlace=1))
expect("interlaced.png", rgb, colour.convert("L"))
expect_as_pillow("interlaced.png")

# Stray bytes in front of the end marker, which some cameras leave: harmless.
plain = (target / "rgb.jpg").read_bytes()
(target / "stray.jpg").write_bytes(plain[:-2] + bytes(13) + plain[-2:])
expect_as_pillow("stray.jpg")
