"""Noise of three kinds, and the ratio that measures what is left of a picture."""

import math

import pytest
import torch

from vaecourse.data import gaussian_noise, occlusion, salt_and_pepper
from vaecourse.objectives import psnr

KINDS = [gaussian_noise, salt_and_pepper, occlusion]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(*shape, dtype=torch.float32):
    return torch.rand(shape, generator=seeded(9)).to(dtype)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


@pytest.mark.parametrize("shape", [(4, 1, 28, 28), (2, 3, 8, 8), (3, 1, 7, 12), (0, 1, 8, 8), (1, 1, 1, 1)])
@pytest.mark.parametrize("level", [0, 0.01, 0.5, 1])
def test_noise_keeps_shape_type_and_range_and_leaves_its_input_alone(kind, shape, level):
    x = pictures(*shape)
    before = x.clone()
    noisy = kind(x, level, seeded())
    assert noisy.shape == x.shape
    assert noisy.dtype == x.dtype
    assert ((noisy >= 0) & (noisy <= 1)).all()
    assert x.equal(before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_noise_keeps_other_precisions(kind, dtype):
    assert kind(pictures(2, 1, 8, 8, dtype=dtype), 0.5, seeded()).dtype == dtype


def test_level_0_is_no_noise(kind):
    x = pictures(4, 3, 9, 9)
    assert kind(x, 0, seeded()).equal(x)


def test_the_same_generator_gives_the_same_noise_and_another_seed_another(kind):
    x = pictures(2, 1, 28, 28)
    assert kind(x, 0.3, seeded()).equal(kind(x, 0.3, seeded()))
    assert not kind(x, 0.3, seeded()).equal(kind(x, 0.3, seeded(1)))


def test_a_generator_spares_the_global_random_state_and_none_uses_it(kind):
    x = pictures(2, 1, 28, 28)
    torch.manual_seed(3)
    state = torch.get_rng_state()
    kind(x, 0.3, seeded())
    assert torch.get_rng_state().equal(state)
    first, second = kind(x, 0.3), kind(x, 0.3)
    assert not first.equal(second)
    torch.manual_seed(3)
    assert kind(x, 0.3).equal(first)


def test_each_picture_gets_noise_of_its_own(kind):
    x = torch.full((2, 1, 28, 28), 0.4)
    noisy = kind(x, 0.2, seeded())
    assert not noisy[0].equal(noisy[1])


def test_gaussian_noise_has_the_standard_deviation_before_clipping():
    noise = gaussian_noise(torch.full((100, 1, 28, 28), 0.5), 0.1, seeded()) - 0.5
    assert noise.std().item() == pytest.approx(0.1, rel=0.02)
    assert noise.mean().item() == pytest.approx(0, abs=0.001)
    black = gaussian_noise(torch.zeros(100, 1, 28, 28), 0.1, seeded())
    assert (black == 0).float().mean().item() == pytest.approx(0.5, abs=0.01)


def test_more_gaussian_noise_is_the_same_grain_stronger():
    x = torch.full((1, 1, 28, 28), 0.5)
    weak, strong = (gaussian_noise(x, level, seeded()) - x for level in (0.02, 0.04))
    assert torch.allclose(2 * weak, strong, atol=1e-6)


@pytest.mark.parametrize("level", [0.1, 0.7, 1.0])
def test_salt_and_pepper_replaces_that_share_of_pixels_half_by_white(level):
    noisy = salt_and_pepper(torch.full((100, 3, 28, 28), 0.5), level, seeded())
    assert ((noisy == 0).float().mean().item(), (noisy == 1).float().mean().item()) == pytest.approx(
        (level / 2, level / 2), abs=0.01
    )
    assert noisy[:, :1].expand_as(noisy).equal(noisy)  # all channels of a pixel at once


def test_more_salt_and_pepper_keeps_the_pixels_that_were_replaced():
    x = torch.full((1, 1, 28, 28), 0.5)
    little, much = (salt_and_pepper(x, level, seeded()) for level in (0.1, 0.4))
    replaced = little != x
    assert much[replaced].equal(little[replaced])
    assert (much != x).sum() > 2 * replaced.sum()


@pytest.mark.parametrize("size", [(28, 28), (7, 12), (5, 64)])
@pytest.mark.parametrize("level", [0.04, 0.25, 0.5, 1.0])
def test_occlusion_covers_one_block_of_that_share(size, level):
    covered = occlusion(torch.ones(2000, 3, *size), level, seeded()) == 0
    sides = [round(length * math.sqrt(level)) for length in size]
    rows, columns = covered.any(3), covered.any(2)
    assert (rows.sum(2) == sides[0]).all()
    assert (columns.sum(2) == sides[1]).all()
    assert covered.equal(rows[..., None] & columns[:, :, None])  # whole, without holes
    for lines, side in ((rows, sides[0]), (columns, sides[1])):
        assert (lines.int().diff(dim=2).abs().sum(2) <= 2).all()  # in one piece
        if side < lines.shape[2]:
            assert lines.int().argmax(2).unique().tolist() == list(range(lines.shape[2] - side + 1))  # anywhere


@pytest.mark.parametrize(
    ("x", "level", "error", "message"),
    [
        ([[0.0]], 0.1, TypeError, "x takes a tensor of floating-point numbers, got list"),
        (torch.zeros(1, 1, 2, 2, dtype=torch.uint8), 0.1, TypeError, "x takes .* got torch.uint8"),
        (torch.zeros(1, 2, 2), 0.1, ValueError, r"x takes pictures of shape \(N, C, H, W\), got \(1, 2, 2\)"),
        (torch.full((1, 1, 2, 2), 255.0), 0.1, ValueError, r"x takes pictures with every value in \[0, 1\]"),
        (torch.full((1, 1, 2, 2), math.nan), 0.1, ValueError, r"x takes pictures with every value in \[0, 1\]"),
        (torch.zeros(1, 1, 2, 2), -0.1, ValueError, "level takes a number from 0 to 1, got -0.1"),
        (torch.zeros(1, 1, 2, 2), 1.5, ValueError, "level takes a number from 0 to 1, got 1.5"),
        (torch.zeros(1, 1, 2, 2), math.nan, ValueError, "level takes a number from 0 to 1, got nan"),
        (torch.zeros(1, 1, 2, 2), "much", TypeError, "level takes a number from 0 to 1, got str"),
        (torch.zeros(1, 1, 2, 2), True, TypeError, "level takes a number from 0 to 1, got bool"),
    ],
)
def test_what_does_not_fit_is_named(kind, x, level, error, message):
    with pytest.raises(error, match=message):
        kind(x, level)


def test_psnr_is_in_decibels_per_picture():
    x = torch.zeros(3, 1, 4, 4)
    y = torch.stack([torch.full((1, 4, 4), value) for value in (0.1, 0.01, 1.0)])
    assert psnr(x, y).tolist() == pytest.approx([20, 40, 0], abs=1e-4)
    assert psnr(y, x).equal(psnr(x, y))


def test_psnr_averages_over_pixels_and_channels():
    x, y = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    y[0, 0, 0, 0] = 1
    assert psnr(x, y).item() == pytest.approx(10 * math.log10(12), abs=1e-4)


def test_psnr_of_equal_pictures_is_infinite():
    assert psnr(pictures(2, 1, 4, 4), pictures(2, 1, 4, 4)).tolist() == [math.inf, math.inf]


@pytest.mark.parametrize("shapes", [((2, 1, 4, 4), (1, 1, 4, 4)), ((1, 4, 4), (1, 4, 4))])
def test_psnr_of_other_shapes_is_refused(shapes):
    with pytest.raises(ValueError, match=r"x and y take pictures of one shape \(N, C, H, W\), got "):
        psnr(*(torch.zeros(shape) for shape in shapes))
