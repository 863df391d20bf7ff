"""The bright-field image of a cell: absorption, defocus, blur and sensor (used by every phantom).

The field behind a cell of thickness t is exp(-mu t / 2 + i 2 pi dn t / lambda). The angular-spectrum transfer
exp(-i pi lambda z f^2) takes it to the camera's plane of focus at distance z. To first order in z this is the
transport-of-intensity equation (Teague, J. Opt. Soc. Am. 73 (1983) 1434), for a clear cell I = 1 - z dn laplacian(t):
rim and halo are the Laplacian of the phase and change sign with z.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from rbcflow.core import portable
from rbcflow.phantom.population import Cell

CRUMB = 0.25
"""Area of a mask's part, as a share of the largest's, below which it is a piece of a broken tail."""

SUPERSAMPLING = 3
"""Thickness samples per pixel and direction, averaged; odd, so that one lies at the pixel's centre."""


@dataclass(frozen=True)
class Optics:
    """A bright-field microscope and what a cell does to its light.

    Attributes:
        pixel_um: pixel size in the sample, micrometres.
        absorption: mu, per micrometre (haemoglobin: about 0.02 in the red, 0.3 at the Soret band).
        index_step: dn, refractive index of the cell less that of the medium (red cells: 0.04 to 0.06).
        defocus_um: z, micrometres; negative gives a bright halo, positive a dark one.
        aperture: numerical aperture of the objective.
        condenser: numerical aperture of the illumination; a wide one washes out the fringes.
        blur_px: Gaussian blur by the sensor and by motion, pixels.
        wavelength_um: micrometres.
    """

    pixel_um: float
    absorption: float
    index_step: float = 0.05
    defocus_um: float = 0.0
    aperture: float = 0.5
    condenser: float = 0.1
    blur_px: float = 0.5
    wavelength_um: float = 0.53

    @property
    def halo_px(self) -> int:
        """Width of the margin around a cell that holds its halo, pixels."""
        fringe = 1.6 * np.sqrt(self.wavelength_um * abs(self.defocus_um)) / self.pixel_um
        return int(np.ceil(6 + fringe + 2 * self.spread_px))

    @property
    def spread_px(self) -> float:
        """Standard deviation of all Gaussian blur, pixels: sensor and the defocused illumination cone."""
        cone = self.condenser * self.defocus_um / 2 / self.pixel_um
        return float(np.sqrt(self.blur_px * self.blur_px + cone * cone))


@dataclass(frozen=True)
class Patch:
    """The image of one cell, to be multiplied onto the empty channel.

    Attributes:
        ratio: (h, w) float32, intensity over that of the empty channel; 1 at the rim.
        mask: (h, w) bool, pixels whose centre the cell covers.
        x0, y0: pixel of the image at which the patch starts.
    """

    ratio: NDArray[np.float32]
    mask: NDArray[np.bool_]
    x0: int
    y0: int


def intensity(thickness: NDArray[np.floating], optics: Optics) -> NDArray[np.float32]:
    """Return the intensity behind a cell, relative to the empty channel.

    Args:
        thickness: (h, w) micrometres, 0 at the rim (the transform is periodic).
        optics: the microscope.

    Returns:
        (h, w) float32.
    """
    amplitude = portable.exp(thickness * (-optics.absorption / 2))
    sine, cosine = portable.sincos(thickness * (2 * np.pi * optics.index_step / optics.wavelength_um))
    field = portable.complex_of(amplitude * cosine, amplitude * sine)
    seen = fft.ifft2(portable.product(fft.fft2(field), _transfer(thickness.shape, optics)))
    result = np.square(seen.real) + np.square(seen.imag)
    return portable.smooth(result, optics.spread_px) if optics.spread_px > 0.2 else result


@lru_cache(maxsize=64)
def _transfer(shape: tuple[int, int], optics: Optics) -> NDArray[np.complex64]:
    """Return the transfer of the field through free space and a soft pupil, (h, w)."""
    down, across = (np.square(fft.fftfreq(n, optics.pixel_um)) for n in shape)
    cutoff = optics.aperture / optics.wavelength_um
    square = ((down[:, None] + across) / (cutoff * cutoff)).astype(np.float32)
    pupil = portable.exp(-np.square(np.square(square)))
    # exp(-i a (fx^2 + fy^2)) is a product of a column and a row.
    column, row = (_phases(squares, optics) for squares in (down[:, None], across[None]))
    space = portable.product(column, row)
    return portable.complex_of(pupil * space.real, pupil * space.imag)


def _phases(square: NDArray[np.float64], optics: Optics) -> NDArray[np.complex64]:
    """Return what free space does to waves of a squared spatial frequency along one axis."""
    sine, cosine = portable.sincos(square * (-np.pi * optics.wavelength_um * optics.defocus_um))
    return portable.complex_of(cosine, sine)


def thickness_map(
    cell: Cell, pixel_um: float, centre: tuple[float, float], size: tuple[int, int]
) -> tuple[NDArray, NDArray]:
    """Sample a cell on a pixel grid.

    Args:
        cell: the cell.
        pixel_um: pixel size, micrometres.
        centre: (x, y) of the cell's centre in pixels, in the frame whose first pixel spans 0..1.
        size: (height, width) in pixels, large enough for the whole cell.

    Returns:
        (h, w) float32 mean thickness a pixel in micrometres, and (h, w) bool pixels whose centre is covered.
    """
    thickness, mask = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=bool)
    spans, axes = [], []
    for middle, half in zip(centre[::-1], cell.half_size[::-1], strict=True):
        low, high = int(middle - half / pixel_um), int(np.ceil(middle + half / pixel_um))
        spans.append(slice(low, high))
        axes.append(((np.arange((high - low) * SUPERSAMPLING) + 0.5) / SUPERSAMPLING + low - middle) * pixel_um)
    fine = cell.thickness(*np.meshgrid(axes[1].astype(np.float32), axes[0].astype(np.float32)))
    blocks = fine.reshape(axes[0].size // SUPERSAMPLING, SUPERSAMPLING, -1, SUPERSAMPLING)
    thickness[*spans] = blocks.mean(axis=(1, 3))
    mask[*spans] = blocks[:, SUPERSAMPLING // 2, :, SUPERSAMPLING // 2] > 0
    return thickness, mask


def render(cell: Cell, optics: Optics, centre: tuple[float, float]) -> Patch:
    """Return the image of a cell with its halo.

    Args:
        cell: the cell.
        optics: the microscope.
        centre: (x, y) of the cell's centre in pixels of the frame; may lie outside it.
    """
    half_x, half_y = (half / optics.pixel_um + optics.halo_px for half in cell.half_size)
    x0, y0 = int(np.floor(centre[0] - half_x)), int(np.floor(centre[1] - half_y))
    size = (fft.next_fast_len(int(np.ceil(2 * half_y)) + 1), fft.next_fast_len(int(np.ceil(2 * half_x)) + 1))
    thickness, mask = thickness_map(cell, optics.pixel_um, (centre[0] - x0, centre[1] - y0), size)
    ratio = 1 + (intensity(thickness, optics) - 1) * _taper(size)
    return Patch(ratio.astype(np.float32), without_crumbs(mask), x0, y0)


def without_crumbs(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask without its small parts: hair-thin tails may break up on the pixel grid.

    Cells of a group that lie a little apart are parts of about the same size, and all stay.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count <= 2:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    return np.isin(labels, 1 + np.flatnonzero(areas >= CRUMB * areas.max()))


@lru_cache(maxsize=64)
def _taper(size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a window that falls from 1 to 0 over the outermost 4 pixels, so that patches have no visible border."""
    ramps = [np.clip((np.minimum(np.arange(n), np.arange(n)[::-1])) / 4, 0, 1) for n in size]
    return np.outer(*(np.square(portable.sincos(ramp * np.pi / 2)[0]) for ramp in ramps)).astype(np.float32)


def expose(light: NDArray[np.floating], shot: float, read: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return what an 8-bit sensor reads: light with shot noise (std shot * sqrt(light)) and read noise.

    Args:
        light: mean grey level, any shape.
        shot, read: noise, grey levels.
        rng: random numbers.
    """
    spread = np.sqrt(read * read + shot * shot * np.clip(light, 0, None))
    noisy = light + spread * rng.standard_normal(light.shape, dtype=np.float32)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
