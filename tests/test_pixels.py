import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from goldilocks.dataset.readers import pixels
from goldilocks.dataset.readers.content import UnreadableFile

# What a viewer does with an image of each EXIF orientation.
VIEWED = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: image[::-1, ::-1].swapaxes(0, 1),
    8: lambda image: np.rot90(image),
}


def picture(number=0, mode="RGB", size=(12, 10)):
    noise = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    return Image.fromarray(noise[..., : 4 if mode in ("LA", "PA", "RGBA") else 3]).convert(mode)


def decode(path, size=(10, 12), **limits):
    return pixels.decode(path, size, levels=None, **limits)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.bmp", "RGB"),
        ("a.gif", "RGB"),
        ("a.jpg", "L"),
        ("a.jpg", "RGB"),
        ("a.jpg", "CMYK"),
        ("a.png", "1"),
        ("a.png", "L"),
        ("a.png", "LA"),
        ("a.png", "P"),
        ("a.png", "RGBA"),
        ("a.ppm", "RGB"),
        ("a.tif", "1"),
        ("a.tif", "CMYK"),
        ("a.tif", "PA"),
        ("a.tif", "RGB"),
        ("a.webp", "RGB"),
        ("a.webp", "RGBA"),
    ],
)
def test_every_kind_of_image_is_what_a_viewer_shows(tmp_path, name, mode):
    picture(mode=mode).save(tmp_path / name)
    decoded = decode(tmp_path / name).pixels
    assert decoded.dtype == np.uint8
    with Image.open(tmp_path / name) as stored:
        shown = stored.convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown)
    # Alpha is rounded in two ways.
    assert np.abs(decoded.astype(int) - np.asarray(white.convert("RGB"))).max() <= 1
    assert decode(tmp_path / name, (4, 5)).pixels.shape == (4, 5, 3)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("see_through", [False, True])
def test_palettes_are_resolved_and_their_transparent_colors_are_white(tmp_path, bits, see_through):
    palette = picture().quantize(2**bits)
    transparency = {"transparency": 0} if see_through else {}
    palette.save(tmp_path / "a.png", bits=bits, **transparency)
    expected = np.array(palette.convert("RGB"))
    if see_through:
        expected[np.asarray(palette) == 0] = 255
    decoded = decode(tmp_path / "a.png")
    np.testing.assert_array_equal(decoded.pixels, expected)
    assert decoded.transparent == see_through


def test_colors_below_transparency_do_not_show(tmp_path):
    colored = np.full((10, 12, 4), (200, 0, 90, 0), np.uint8)
    colored[:5, :, 3] = 255
    Image.fromarray(colored).save(tmp_path / "a.png")
    decoded = decode(tmp_path / "a.png")
    assert decoded.pixels[0, 0].tolist() == [200, 0, 90]
    assert decoded.pixels[9, 0].tolist() == [255, 255, 255]
    # Nor where the image is made smaller: a half of each pixel is below.
    assert decode(tmp_path / "a.png", (1, 1)).pixels.min() > 100


@pytest.mark.parametrize("orientation", VIEWED)
@pytest.mark.parametrize("form", ["jpg", "png", "tif", "webp"])
def test_images_stand_upright(tmp_path, orientation, form):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture().resize((12, 10)).save(tmp_path / f"a.{form}", exif=exif, lossless=True)
    picture().save(tmp_path / f"lying.{form}", lossless=True)
    lying = decode(tmp_path / f"lying.{form}").pixels
    upright = VIEWED[orientation](lying)
    decoded = decode(tmp_path / f"a.{form}", upright.shape[:2]).pixels
    np.testing.assert_array_equal(decoded, upright)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_damaged_mark_turns_nothing(tmp_path):
    picture().save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xffgarbage")
    picture().save(tmp_path / "lying.jpg")
    np.testing.assert_array_equal(
        decode(tmp_path / "a.jpg").pixels, decode(tmp_path / "lying.jpg").pixels
    )


@pytest.mark.parametrize("form", ["gif", "png", "tif", "webp"])
def test_of_an_animation_the_first_picture_is_taken(tmp_path, form):
    first, *others = [picture(number) for number in range(3)]
    whole = {"save_all": True, "append_images": others, "lossless": True}
    first.save(tmp_path / f"a.{form}", **whole)
    first.save(tmp_path / f"still.{form}", lossless=True)
    moving, still = decode(tmp_path / f"a.{form}"), decode(tmp_path / f"still.{form}")
    np.testing.assert_array_equal(moving.pixels, still.pixels)
    assert (moving.animated, still.animated) == (True, False)


def test_a_cameras_jpeg_with_a_preview_is_no_animation(tmp_path):
    picture().save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[picture(1)])
    assert not decode(tmp_path / "a.jpg").animated


def test_images_are_resized_with_antialiasing(tmp_path):
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    Image.fromarray(board.astype(np.uint8)).save(tmp_path / "board.png")
    decoded = decode(tmp_path / "board.png", (8, 8)).pixels
    assert np.abs(decoded.astype(int) - 127).max() <= 3


def test_large_photographs_are_as_if_they_were_decoded_whole(tmp_path):
    picture(size=(9, 7)).resize((900, 700), Image.Resampling.BICUBIC).save(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as whole:
        expected = np.asarray(whole.resize((32, 24), Image.Resampling.BILINEAR), int)
    assert np.abs(decode(tmp_path / "a.jpg", (24, 32)).pixels - expected).max() <= 2


def test_tiny_and_narrow_images_are_images(tmp_path):
    Image.new("RGB", (1, 1), (9, 8, 7)).save(tmp_path / "dot.png")
    Image.new("RGB", (2000, 2), (9, 8, 7)).save(tmp_path / "line.png")
    for name in ("dot.png", "line.png"):
        assert (decode(tmp_path / name, (8, 8)).pixels == (9, 8, 7)).all()


def test_garbage_behind_an_image_does_no_harm(tmp_path):
    picture().save(tmp_path / "a.jpg", progressive=True)
    whole = decode(tmp_path / "a.jpg").pixels
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes() + b"garbage" * 999)
    np.testing.assert_array_equal(decode(tmp_path / "a.jpg").pixels, whole)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"hello", "no image"),
        (b"<!DOCTYPE html>\n<p>404", "an HTML page; save the image itself"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "HEIC; convert it to JPEG or PNG"),
        (b"%PDF-1.7", "PDF; convert it to JPEG or PNG"),
        (b'<?xml version="1.0"?><svg>', "SVG; convert it to JPEG or PNG"),
        (b"\xff\xd8\xff" + bytes(99), "damaged or unusual JPEG"),
    ],
)
def test_what_is_no_image_says_what_it_is(tmp_path, content, reason):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(UnreadableFile, match=f"^{reason}$"):
        decode(tmp_path / "a.jpg")


@pytest.mark.parametrize("form", ["jpg", "png", "bmp"])
def test_a_file_that_is_cut_short_says_so(tmp_path, form):
    picture().save(tmp_path / f"a.{form}")
    whole = (tmp_path / f"a.{form}").read_bytes()
    (tmp_path / f"a.{form}").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(UnreadableFile, match="cut short"):
        decode(tmp_path / f"a.{form}")


def bitmap(path, width, height):
    """Write a PNG of a few bytes that claims to have these pixels."""
    Image.new("L", (1, 1)).save(path)
    head = bytearray(path.read_bytes())
    head[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    head[29:33] = zlib.crc32(head[12:29]).to_bytes(4, "big")
    path.write_bytes(bytes(head))


def test_decompression_bombs_are_named_and_not_decoded(tmp_path):
    bitmap(tmp_path / "large.png", 9000, 6000)
    with pytest.raises(UnreadableFile, match=r"9000 x 6000 pixels.+dataset\.pixel_limit=54 takes"):
        decode(tmp_path / "large.png", pixel_limit=50)
    bitmap(tmp_path / "bomb.png", 30_000, 30_000)
    with pytest.raises(UnreadableFile, match="more than 178 megapixels; save it smaller"):
        decode(tmp_path / "bomb.png")


def test_pillow_says_nothing(tmp_path):
    bitmap(tmp_path / "large.png", 12_000, 9000)
    code = (
        "import sys; from goldilocks.dataset.readers import pixels\n"
        "try:\n    pixels.decode(sys.argv[1], (8, 8), levels=None, pixel_limit=50)\n"
        "except ValueError:\n    print('refused')"
    )
    arguments = [sys.executable, "-c", code, tmp_path / "large.png"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("refused\n", "")
