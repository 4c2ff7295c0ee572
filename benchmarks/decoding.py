"""Decoding of photographs beside what TensorFlow takes for it: `python benchmarks/decoding.py`.

Made JPEGs of 500 x 400 and of 4,000 x 3,000 pixels become 64 and 150 pixels, by
`goldilocks.dataset.readers.pixels` and by `tf.io.decode_image` with `tf.image.resize`, in
alternation. Printed is the median of the paired ratios of their times, and how far the pixels are
apart: two decoders of JPEG round in different ways. The aim is a ratio of 1.3.
"""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from goldilocks.backend import tf
from goldilocks.dataset.readers import pixels

PAIRS = 11
PHOTOGRAPHS = {(500, 400): 300, (4000, 3000): 12}


def photographs(folder: Path, size: tuple[int, int], count: int) -> np.ndarray:
    """Write soft colours under grain, and return their paths."""
    width, height = size
    paths = [str(folder / f"{width}-{number}.jpg") for number in range(count)]
    for number, path in enumerate(paths):
        draw = np.random.default_rng(number)
        soft = Image.fromarray(draw.integers(0, 256, (height // 20, width // 20, 3), np.uint8))
        grain = draw.normal(0, 6, (height, width, 1))
        colors = np.asarray(soft.resize(size, Image.Resampling.BICUBIC)) + grain
        Image.fromarray(colors.clip(0, 255).astype(np.uint8)).save(path, quality=88)
    return np.array(paths)


def by_tensorflow(paths: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Decode with TensorFlow, as many at once as it likes."""

    def decode(path):
        image = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
        return tf.saturate_cast(tf.round(tf.image.resize(image, size, antialias=True)), tf.uint8)

    files = tf.data.Dataset.from_tensor_slices(paths)
    images = files.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    return np.stack(list(images.as_numpy_iterator()))


def main() -> None:
    """Print the table."""
    print("photographs    to     TensorFlow    Pillow   ratio   apart: mean, most")
    with tempfile.TemporaryDirectory() as folder:
        for size, count in PHOTOGRAPHS.items():
            paths = photographs(Path(folder), size, count)
            for side in (64, 150):
                ratios, times = [], []
                for _ in range(PAIRS):
                    start = time.perf_counter()
                    theirs = by_tensorflow(paths, (side, side))
                    middle = time.perf_counter()
                    ours = pixels.decode_all(paths, (side, side), None)
                    end = time.perf_counter()
                    ratios.append((end - middle) / (middle - start))
                    times.append(((middle - start) / count * 1000, (end - middle) / count * 1000))
                apart = np.abs(ours.astype(int) - theirs)
                tensorflow, pillow = np.median(times, axis=0)
                print(
                    f"{size[0]:5} x {size[1]:4} {side:5} {tensorflow:11.2f} ms {pillow:6.2f} ms "
                    f"{statistics.median(ratios):7.2f} {apart.mean():9.2f} {apart.max():6}"
                )


if __name__ == "__main__":
    main()
