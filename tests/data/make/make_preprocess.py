"""What torchvision's evaluation transform makes of an image: Resize(shorter side), CenterCrop, ToTensor, Normalize.

Resizing is Pillow's own, as torchvision calls it for PIL images; sizes and crops follow torchvision.transforms.functional
(_compute_resized_output_size, center_crop), restated here. Cases without antialiasing are torch.nn.functional.interpolate(
mode="bilinear", align_corners=False), restated in float64.

Writes IMAGE.npy [H, W, C], CASE.npy [C, H, W], and cases.inc, the list of cases for test_preprocess.c."""
import pathlib
import sys

import numpy
from PIL import Image

target = pathlib.Path(sys.argv[1]) / "preprocess"
target.mkdir(parents=True, exist_ok=True)
random = numpy.random.default_rng(20240502)

MEAN = {1: [0.5], 3: [0.485, 0.456, 0.406]}
DEVIATION = {1: [0.25], 3: [0.229, 0.224, 0.225]}

# image: height, width, channels
IMAGES = {
    "wide": (23, 37, 3),
    "tall": (41, 26, 3),
    "square": (31, 31, 3),
    "grey": (28, 28, 1),
    "line": (1, 40, 1),
    "photo": (200, 301, 3),
}

# case: image, crop height and width, resize (0: straight to height x width), antialias
CASES = {
    "wide_shrunk": ("wide", 14, 14, 16, True),
    "tall_shrunk": ("tall", 14, 13, 16, True),
    "half_up": ("square", 13, 13, 16, True),      # (16 - 13) / 2 = 1.5 -> 2
    "half_down": ("square", 11, 15, 16, True),    # 2.5 -> 2 and 0.5 -> 0
    "enlarged": ("square", 32, 33, 40, True),
    "kept": ("wide", 20, 20, 23, True),
    "padded": ("square", 15, 14, 10, True),       # the crop is larger than the image, by an odd and an even number
    "padded_once": ("wide", 16, 10, 12, True),
    "stretched": ("wide", 20, 24, 0, True),
    "identical": ("grey", 28, 28, 0, True),
    "grey_shrunk": ("grey", 9, 9, 10, True),
    "line_shrunk": ("line", 1, 7, 1, True),
    "line_thick": ("line", 3, 5, 2, True),
    "photo_tiny": ("photo", 7, 7, 7, True),
    "photo_224": ("photo", 28, 28, 32, True),
    "point": ("photo", 1, 1, 1, True),
    "plain_96": ("grey", 96, 96, 0, False),
    "plain_shrunk": ("tall", 16, 12, 0, False),
    "plain_cropped": ("wide", 14, 14, 16, False),
    "plain_padded": ("wide", 33, 50, 30, False),
}


def picture(height, width, channels):
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [127 + 120 * numpy.sin(x / (3 + c) + c) * numpy.cos(y / (2 + c)) for c in range(channels)]
    noisy = numpy.stack(planes, axis=-1) + random.normal(0, 40, (height, width, channels))
    return numpy.clip(noisy, 0, 255).astype("u1")


def resized_size(height, width, resize):
    short, long = (width, height) if width <= height else (height, width)
    new_short, new_long = resize, int(resize * long / short)
    return (new_long, new_short) if width <= height else (new_short, new_long)


def interpolate(values, height, width):
    """values [H, W, C] in 0 to 1."""

    def positions(source, count):
        at = numpy.maximum((numpy.arange(count) + 0.5) * source / count - 0.5, 0)
        low = at.astype(int)
        return low, numpy.minimum(low + 1, source - 1), at - low

    low, high, share = positions(values.shape[0], height)
    values = values[low] * (1 - share)[:, None, None] + values[high] * share[:, None, None]
    low, high, share = positions(values.shape[1], width)
    return values[:, low] * (1 - share)[None, :, None] + values[:, high] * share[None, :, None]


def center_crop(values, height, width):
    have_height, have_width = values.shape[:2]
    if width > have_width or height > have_height:
        left, right = (((width - have_width) // 2, (width - have_width + 1) // 2) if width > have_width else (0, 0))
        top, bottom = (((height - have_height) // 2, (height - have_height + 1) // 2) if height > have_height else (0, 0))
        values = numpy.pad(values, ((top, bottom), (left, right), (0, 0)))
        have_height, have_width = values.shape[:2]
    top, left = int(round((have_height - height) / 2.0)), int(round((have_width - width) / 2.0))
    return values[top:top + height, left:left + width]


def expectation(image, height, width, resize, antialias):
    channels = image.shape[2]
    new_height, new_width = resized_size(*image.shape[:2], resize) if resize else (height, width)
    if antialias:
        pixels = Image.fromarray(image if channels == 3 else image[:, :, 0])
        pixels = numpy.asarray(pixels.resize((new_width, new_height), Image.BILINEAR)).reshape(new_height, new_width, channels)
        values = pixels.astype("f4") / numpy.float32(255)
    else:
        values = interpolate(image / 255, new_height, new_width)
    values = center_crop(values, height, width).astype("f4")
    values = (values - numpy.array(MEAN[channels], "f4")) / numpy.array(DEVIATION[channels], "f4")
    return values.transpose(2, 0, 1).copy()


images = {name: picture(*size) for name, size in IMAGES.items()}
for name, image in images.items():
    numpy.save(target / f"{name}.npy", image)
lines = ["/* name, image, channels, height, width, resize, no_antialias: made by tests/data/make/make_preprocess.py */"]
for name, (source, height, width, resize, antialias) in CASES.items():
    numpy.save(target / f"{name}.npy", expectation(images[source], height, width, resize, antialias))
    lines.append(f'CASE("{name}", "{source}", {images[source].shape[2]}, {height}, {width}, {resize}, {str(not antialias).lower()})')
(target / "cases.inc").write_text("\n".join(lines) + "\n")
