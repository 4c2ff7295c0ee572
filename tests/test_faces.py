import hashlib
import subprocess
import sys

import numpy as np
import pytest

from goldilocks.dataset.stand_ins import faces, heads


def test_images_and_balanced_labels_in_the_promised_form():
    images, labels = faces.draw(21, size=24, seed=3)
    assert images.shape == (21, 24, 24, 3)
    assert images.dtype == np.uint8
    assert labels.dtype == np.float32
    assert labels.tolist() == [0.0, 1.0] * 10 + [0.0]


def test_no_rows():
    images, labels = faces.draw(0, size=24, seed=0)
    assert images.shape == (0, 24, 24, 3)
    assert labels.shape == (0,)


def test_more_rows_never_change_the_earlier_ones():
    few, _ = faces.draw(7, size=24, seed=0)
    more, _ = faces.draw(25, size=24, seed=0)
    np.testing.assert_array_equal(few, more[:7])


def test_the_number_of_processes_changes_no_byte(monkeypatch):
    monkeypatch.setattr(faces, "CHUNK", 4)
    alone, _ = faces.draw(18, size=24, seed=5)
    monkeypatch.setattr(faces, "IN_PROCESS", 0)
    np.testing.assert_array_equal(faces.draw(18, size=24, seed=5)[0], alone)


@pytest.mark.long
def test_the_pixels_stay_as_they_were():
    images, _ = faces.draw(200, size=64, seed=0)
    digest = hashlib.sha256(images.tobytes()).hexdigest()
    assert digest == "27bcf15c3b17e94306f836dcc84b770c2bd97617e3b1678839cb284372bdc96e"


def test_no_two_pictures_are_the_same_and_the_seed_matters():
    first, _ = faces.draw(30, size=16, seed=0)
    second, _ = faces.draw(30, size=16, seed=1)
    assert len({image.tobytes() for image in (*first, *second)}) == 60


def test_the_same_animal_at_every_size():
    small, _ = faces.draw(8, size=32, seed=2)
    large, _ = faces.draw(8, size=96, seed=2)
    reduced = large.reshape(8, 32, 3, 32, 3, 3).mean(axis=(2, 4))
    for one, other in zip(small, reduced, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.8


@pytest.mark.long
def test_mean_colour_does_not_tell_the_classes_apart():
    images, labels = faces.draw(160, size=16, seed=0)
    means = images.mean(axis=(1, 2))
    apart = means[labels == 0].mean(axis=0) - means[labels == 1].mean(axis=0)
    assert (
        np.abs(apart / means.std(axis=0)).max() < 0.35
    )  # 3 standard errors of a difference between two times 150 rows


def test_every_trait_of_one_species_occurs_in_the_other():
    for dog in (False, True):
        looks = [heads.traits(dog, np.random.default_rng([0, dog, index])) for index in range(200)]
        assert {look.ears for look in looks} == {"pointed", "folded", "hanging"}
        assert {"plain", "stripes", "mask", "blaze", "patches", "points"} == {
            look.markings for look in looks
        }
        assert (
            {bool(look.whiskers) for look in looks}
            == {bool(look.tongue) for look in looks}
            == {False, True}
        )
        assert (
            min(look.muzzle[0] for look in looks)
            < 0.3
            < 0.45
            < max(look.muzzle[0] for look in looks)
        )


def test_a_size_too_small_is_refused():
    with pytest.raises(ValueError, match=r"size is 8; .* from 16"):
        faces.draw(1, size=8, seed=0)


def test_workers_need_not_import_keras():
    heavy = "{'keras', 'tensorflow', 'mlflow', 'hydra'}"
    code = f"import sys, goldilocks.dataset.stand_ins.faces; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
