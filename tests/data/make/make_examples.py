"""One test image of each class of Fashion-MNIST as PNG, from Debian's package dataset-fashion-mnist (Zalando SE, MIT
licence): the first of its class in the test set, so none was seen in training."""
import gzip
import pathlib
import sys

import numpy
from PIL import Image

source = pathlib.Path("/usr/share/datasets/fashion-mnist")
target = pathlib.Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)

NAMES = ["t_shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle_boot"]

images = numpy.frombuffer(gzip.open(source / "t10k-images-idx3-ubyte.gz").read(), "u1", offset=16).reshape(-1, 28, 28)
labels = numpy.frombuffer(gzip.open(source / "t10k-labels-idx1-ubyte.gz").read(), "u1", offset=8)
for label, name in enumerate(NAMES):
    first = int(numpy.argmax(labels == label))
    Image.fromarray(images[first]).save(target / f"{name}.png", optimize=True)
    print(f"{name}.png: test image {first}")
