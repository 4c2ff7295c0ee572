import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from goldilocks.dataset.readers import depth, pixels
from goldilocks.dataset.readers.content import UnreadableFile


def png(path, values):
    """Write uint16 (height, width, channels) as a PNG of 16 bits, which Pillow cannot."""

    def chunk(name, content):
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    height, width, channels = values.shape
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def noise(channels, highest):
    return np.random.default_rng(0).integers(0, highest + 1, (10, 12, channels), dtype=np.uint16)


@pytest.mark.parametrize("highest", [4095, 65535])
def test_all_bits_of_a_gray_png_count(tmp_path, highest):
    values = noise(1, highest)
    png(tmp_path / "a.png", values)
    decoded = pixels.decode(tmp_path / "a.png", (10, 12), levels=None)
    expected = np.broadcast_to(np.rint(values / highest * 255), (10, 12, 3))
    np.testing.assert_array_equal(decoded.pixels, expected)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_of_16_bit_colors_the_high_bytes_are_taken(tmp_path, channels):
    values = noise(channels, 65535)
    if channels in (2, 4):
        values[..., -1] = 65535
        values[0, :, -1] = 0
        high = values[..., :-1] >> 8
        high[0] = 255
    else:
        high = values >> 8
    png(tmp_path / "a.png", values)
    decoded = pixels.decode(tmp_path / "a.png", (10, 12), levels=None)
    np.testing.assert_array_equal(decoded.pixels, np.broadcast_to(high, (10, 12, 3)))
    assert decoded.transparent == (channels in (2, 4))


@pytest.mark.parametrize("highest", [4095, 16383])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_16_bit_colors_that_use_14_bits_are_refused(tmp_path, channels, highest):
    png(tmp_path / "a.png", noise(channels, highest))
    with pytest.raises(UnreadableFile, match="16-bit colours that use 14 bits or fewer"):
        pixels.decode(tmp_path / "a.png", (10, 12), levels=None)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_tiffs_hold_whole_negative_and_broken_numbers(tmp_path, compression):
    values = noise(1, 65535)[..., 0]
    expected = np.rint(values / 65535 * 255)
    for stored in (values, values.astype(np.int32) - 32768, (values / 65535).astype(np.float32)):
        Image.fromarray(stored).save(tmp_path / "a.tif", compression=compression)
        whole = (-32768, 32767) if stored.min() < 0 else None
        decoded = pixels.decode(tmp_path / "a.tif", (10, 12), levels=whole).pixels
        np.testing.assert_array_equal(decoded[..., 0], expected)


def test_levels_are_those_of_all_files_and_the_rest_is_cut_off(tmp_path):
    png(tmp_path / "a.png", np.full((2, 2, 1), 2000, np.uint16))
    shown = [
        pixels.decode(tmp_path / "a.png", (2, 2), levels=levels).pixels.max()
        for levels in (None, (0, 4000), (0, 1000), (2500, 4000))
    ]
    assert shown == [round(2000 / 4095 * 255), 128, 255, 0]


@pytest.mark.parametrize(
    ("span", "levels"),
    [
        ((0, 65535), (0, 65535)),
        ((7, 4095), (0, 4095)),
        ((0, 200), (0, 255)),
        ((0, 1), (0, 1)),
        ((31744, 36000), (31744, 36000)),
        ((-1000, 3000), (-1000, 3000)),
        ((0, 100_000), (0, 100_000)),
        ((30_000, 30_000), (0, 65535)),
    ],
)
def test_the_range_is_of_the_bits_that_are_used(span, levels):
    assert depth.levels_of(*span) == levels


def test_a_tiff_that_holds_no_numbers_is_refused(tmp_path):
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(UnreadableFile, match="no numbers"):
        pixels.decode(tmp_path / "a.tif", (4, 4), levels=None)


def test_a_tiff_with_white_as_0_is_refused_with_what_to_do(tmp_path):
    Image.fromarray(noise(1, 65535)[..., 0]).save(tmp_path / "a.tif", tiffinfo={262: 0})
    with pytest.raises(UnreadableFile, match="with white as 0; save it as PNG"):
        pixels.decode(tmp_path / "a.tif", (10, 12), levels=None)
