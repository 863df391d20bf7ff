"""The extraction methods by the names ``config/banks.yaml`` uses (rules ``cut_cells`` and ``score_segmentation``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rbcflow.cells.bank import Cell
from rbcflow.cells.methods import background, contrast, crops, polygons, rim
from rbcflow.cells.outline import USUAL, Options, Outlined, Wanted, everything, frames_of, to_cells
from rbcflow.core.frames import Frame
from rbcflow.sources.extraction import Extraction


@dataclass(frozen=True)
class Networks:
    """Where the networks of a method lie; a method that needs none ignores them.

    Attributes:
        unet, cellpose, yolo: (file, sha256); the sha256 is None for a network that was trained in the same run.
        clusters: table of rule ``cluster_objects``, if the method filters by clusters.
        diameter: of cells for Cellpose in pixels, if images are to be scaled by it.
        scratch: private folder for Ultralytics' settings.
        threads: processor threads.
    """

    unet: tuple[Path, str | None] | None = None
    cellpose: tuple[Path, str | None] | None = None
    yolo: tuple[Path, str | None] | None = None
    clusters: Path | None = None
    diameter: float | None = None
    scratch: Path = Path()
    threads: int = 1


@dataclass(frozen=True)
class Job:
    """What a method is run on: a source's layout, name and files, the wanted frames, networks, the bank's ways, the
    laboratory's."""

    layout: str
    source: str
    folder: Path
    wanted: Wanted = everything
    networks: Networks = Networks()
    options: Options = USUAL
    extraction: Extraction = field(default_factory=Extraction)

    @property
    def frames(self) -> Iterator[Frame]:
        """The frames a per-frame method looks at."""
        return frames_of(self.layout, self.folder, self.source, self.wanted)


def _polygon(job: Job) -> Iterator[Outlined]:
    return polygons.outline(job.folder, job.source, job.layout, wanted=job.wanted)


def _segmented_crop(job: Job) -> Iterator[Outlined]:
    return crops.outline(job.folder, job.source, job.layout, wanted=job.wanted)


def _background(job: Job) -> Iterator[Outlined]:
    return background.outline(job.folder, job.source, job.layout, job.extraction.background, wanted=job.wanted)


def _contrast(job: Job) -> Iterator[Outlined]:
    return contrast.outline(job.frames, job.extraction, job.options)


def _rim(job: Job) -> Iterator[Outlined]:
    return rim.outline(job.folder, job.source, job.layout, wanted=job.wanted)


# The networks' libraries take seconds to load, so only the methods that use them do.


def _unet(job: Job) -> Iterator[Outlined]:
    from rbcflow.cells.methods import unet

    return unet.outline(job.frames, job.extraction, foreground_network(job.networks), job.options)


def _cellpose(job: Job) -> Iterator[Outlined]:
    from rbcflow.cells.methods import cellpose

    return cellpose.outline(job.frames, job.extraction, _instances(job.networks), job.options)


def _unet_cellpose(job: Job) -> Iterator[Outlined]:
    from rbcflow.cells.clusters import read_clusters
    from rbcflow.cells.methods import cellpose

    nets = job.networks
    clusters = read_clusters(nets.clusters) if nets.clusters else None
    networks = foreground_network(nets), _instances(nets)
    return cellpose.outline_after_unet(job.frames, job.extraction, *networks, clusters, job.options)


def _yolo(job: Job) -> Iterator[Outlined]:
    from rbcflow.cells.methods import yolo
    from rbcflow.detector.detector import Detector
    from rbcflow.detector.setup import import_ultralytics
    from rbcflow.detector.weights import load_verified

    import_ultralytics(job.networks.scratch)
    network = load_verified(*job.networks.yolo).eval()
    detector = Detector(network, list(network.names.values()), size="native", conf=yolo.CONFIDENCE)
    return yolo.outline(job.frames, job.extraction, detector, foreground_network(job.networks))


def foreground_network(networks: Networks):
    """Return the U-Net: the one of this workflow, or the preprint's where its file is named."""
    from rbcflow.segmentation import unet

    path, sha256 = networks.unet
    kind = unet.Foreground if sha256 is None else unet.CarvanaForeground
    return kind(path, sha256, threads=networks.threads)


def _instances(networks: Networks):
    """Return Cellpose around the network that is named."""
    from rbcflow.segmentation.flows import Instances

    return Instances(*networks.cellpose, diameter=networks.diameter, threads=networks.threads)


METHODS: dict[str, Callable[[Job], Iterator[Outlined]]] = {
    "polygon": _polygon,
    "segmented_crop": _segmented_crop,
    "background": _background,
    "contrast": _contrast,
    "rim": _rim,
    "unet": _unet,
    "cellpose": _cellpose,
    "unet_cellpose": _unet_cellpose,
    "yolo": _yolo,
}
"""Every method; a laboratory says which it can take (``sources.laboratory``), ``config.segmentation.NETWORKS`` which
networks each needs."""


def cut_cells(methods: list[str], job: Job) -> Iterator[Cell]:
    """Yield the cells of a source by every method of a bank, dropped ones included.

    Args:
        methods: keys of ``METHODS``.
        job: what they are run on.

    Raises:
        InputError: a raw file or a network's file is wrong.
    """
    for method in methods:
        yield from to_cells(METHODS[method](job), method)
