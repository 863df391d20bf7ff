"""The typed model of `config/config.yaml`: the only place with defaults; its comments and schema are made from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rbcflow.core.places import expanded
from rbcflow.sources import laboratories
from rbcflow.sources.laboratories import DRAWN, OF_OTHERS

M = TypeVar("M", bound=BaseModel)

Place = Annotated[str, AfterValidator(expanded)]
"""A path as users write it: ``~`` and ``$NAME`` stand for what they stand for in a shell."""

Sum = Annotated[
    str,
    Field(pattern="^[0-9a-f]{64}$"),
    BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value),
]
"""A sha256; some tools write it in capitals."""


class Strict(BaseModel):
    """Base of all models here: unknown keys are errors, and so are truth values where a number belongs.

    Text that reads as a number is taken: inside a dictionary on the command line Snakemake makes text of every value.
    """

    model_config = ConfigDict(extra="forbid", validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_value_for_a_number(cls, value: object, field: ValidationInfo) -> object:
        numbers = cls.model_fields[field.field_name].annotation in (int, float)
        if numbers and isinstance(value, bool):
            raise ValueError("input should be a number")
        if isinstance(value, list) and any(isinstance(item, bool) for item in value):
            raise ValueError("items should be numbers or names")
        return value


def _each_once(row: M, key: str) -> M:
    values = getattr(row, key)
    if twice := sorted({value for value in values if values.count(value) > 1}):
        raise ValueError(f"`{key}` names {twice[0]} twice: its cells would be taken twice")
    return row


class Tables(Strict):
    """Where the tables are, relative to the working folder."""

    sources: Place = Field("config/sources.yaml", description="laboratories and public recordings")
    variants: Place = Field("config/variants.yaml", description="constructed datasets")
    models: Place = Field("config/models.yaml", description="trained detectors")
    banks: Place = Field("config/banks.yaml", description="banks of single cells and how they are cut")
    testsets: Place = Field("config/testsets.yaml", description="what the detectors are judged on")
    runs: Place = Field("config/runs.tsv", description="which model is judged on which test set")
    figures: Place = Field("paper/figures.yaml", description="registry of figures")
    weights: Place = Field("resources/weights.yaml", description="downloadable weights with checksums")
    published: Place = Field("resources/published_sets.yaml", description="constructed datasets that others published")


class Phantom(Strict):
    """How much the phantom draws where a laboratory's recordings are absent."""

    donors: int = Field(7, ge=2, description="blood donors with videos (Saarland)")
    recordings_per_donor: int = Field(5, ge=1, description="videos a donor, each at one pressure (Saarland)")
    frames_per_recording: int = Field(36, ge=2, description="frames a video (Saarland)")
    annotate_every: int = Field(3, ge=1, description="every n-th frame carries polygon annotations (Saarland)")
    crops_per_class: int = Field(400, ge=0, description="segmented crops of croissants and of slippers each (Saarland)")
    velocities: list[Annotated[float, Field(gt=0)]] = Field(
        [0.12, 0.44, 0.7, 1.0], min_length=1, description="velocities in cm/s, a folder each (Naples)"
    )
    tiffs_per_velocity: int = Field(3, ge=1, description="TIFF stacks a velocity (Naples)")
    pages: int = Field(14, ge=3, description="pages a TIFF stack; the laboratory's have 13 to 21 (Naples)")
    raw_crops_per_folder: int = Field(
        3, ge=0, description="crops with background for each category and pressure (Saarland)"
    )
    kihm_per_class: int = Field(70, ge=1, description="crops of croissants and of slippers each (Kihm)")
    kihm_s3_scale: float = Field(
        0.05, gt=0, description="share of the published counts a pressure and class, at least 1 (Kihm)"
    )
    liang_scale: float = Field(0.06, gt=0, description="share of the published pictures a shape, at least 1 (Liang)")
    drawn_per_class: int = Field(300, ge=4, description="cells a class drawn for the `synthetic` variant")


PathName = Literal[
    "polygon", "segmented_crop", "background", "contrast", "unet", "cellpose", "unet_cellpose", "yolo", "drawn"
]

NETWORKS: dict[str, tuple[str, ...]] = {
    "unet": ("unet",), "cellpose": ("cellpose",), "unet_cellpose": ("unet", "cellpose"), "yolo": ("yolo", "unet"),
}  # fmt: skip
"""The networks a path needs."""


class Segmenters(Strict):
    """The networks that outline cells, and the comparison of all paths with truth."""

    pictures: int = Field(
        70, ge=4, description="practice pictures of each laboratory's phantom; as many again of drawn cells"
    )
    steps: int = Field(60, ge=5, description="batches of 16 practice pictures each network learns from")
    unet: str = Field(
        "trained", description="`trained` in this workflow, or a name from resources/weights.yaml (`unet_carvana.pth`)"
    )
    cellpose: str = Field(
        "trained",
        description="`trained` in this workflow, `finetuned` on its polygons, or a name from resources/weights.yaml",
    )
    diameter: Annotated[float, Field(gt=0)] | None = Field(
        None, description="cells' diameter in pixels for Cellpose's own networks; the preprint: 60"
    )
    yolo: str = Field("starter", description="detector of the path `yolo`, a name from resources/weights.yaml")
    finetune_steps: int = Field(120, ge=5, description="batches of annotated pictures in `finetune_cellpose`")
    scored_frames: int = Field(8, ge=1, description="frames of a source on which each path is compared with truth")


class Images(Strict):
    """Images a split; the preprint made 4000/2000/2000."""

    train: int = Field(600, ge=1, description="trained on")
    val: int = Field(60, ge=1, description="watched during training")
    test: int = Field(160, ge=1, description="judged on after training")


class Shares(Strict):
    """Shares of the groups of cells a split receives."""

    train: float = Field(0.7, gt=0, lt=1, description="of the cells that training images are composed of")
    val: float = Field(0.15, gt=0, lt=1, description="of those watched during training")
    test: float = Field(0.15, gt=0, lt=1, description="of those judged on after training")

    @model_validator(mode="after")
    def _sum_to_one(self) -> Shares:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + val + test must be 1, found {total:g}")
        return self


class Training(Strict):
    """Scale of every training; a model's entry in `config/models.yaml` may override single keys."""

    architecture: Literal["yolo11n.yaml", "yolo11s.yaml"] = Field(
        "yolo11n.yaml", description="network; the preprint trained yolo11s"
    )
    weights: str = Field(
        "starter",
        description="a name from resources/weights.yaml (`starter` is shipped, trained on drawn cells), or `none`",
    )
    epochs: int = Field(10, ge=1, description="passes over the training images; the preprint: 20")
    batch: int = Field(16, ge=1, description="images a step")
    imgsz: int = Field(200, ge=32, description="longer side in pixels; Ultralytics rounds up to a multiple of 32")
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        [0], min_length=1, description="one training each; runs are judged with the first"
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|\d+)$",
        description="`auto`: CUDA where there is a device; else `cpu` or a CUDA index such as `0`",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="on a CPU, `auto` is bfloat16 where the processor computes in it; CUDA uses Ultralytics' own",
    )
    threads: int = Field(
        1,
        ge=1,
        description="processor threads a training asks Snakemake for; one leaves the other of two cores to other jobs, "
        "so that the whole ends sooner. More for a single training, or to feed a GPU",
    )
    overrides: dict[str, float | int | bool | str] = Field(
        {
            "optimizer": "AdamW",
            "lr0": 0.005,
            "momentum": 0.9,
            "close_mosaic": 2,
            "warmup_epochs": 1.0,
            "freeze": 10,
        },
        description="further Ultralytics training arguments; the preprint kept the library's defaults",
    )
    average: float = Field(
        0,
        ge=0,
        lt=1,
        description="share of the weights a training starts from in those it ends with; above 0 it forgets less",
    )

    @model_validator(mode="after")
    def _a_start_to_average_with(self) -> Training:
        if self.average and self.weights == "none":
            raise ValueError("`average` above 0 needs `weights` to start from")
        return self

    @model_validator(mode="after")
    def _different_seeds(self) -> Training:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("`seeds` must differ: equal ones would count as repetitions")
        return self


class Validation(Strict):
    """Thresholds of the confusion matrix and size of the test sets."""

    conf: float = Field(0.25, gt=0, lt=1, description="confidence of the matrix, as in the preprint")
    iou: float = Field(0.45, gt=0, lt=1, description="IoU of the matrix, as in the preprint")
    max_frames: int = Field(
        80,
        ge=1,
        description="frames a test set of recordings, evenly spaced",
    )
    clip_boxes: bool = Field(
        True, description="clip boxes to the frame before they are judged; the preprint's validator did not"
    )
    resamples: int = Field(400, ge=50, description="draws of recordings behind an interval")
    own_val: bool = Field(
        False,
        description="models with a published training are judged on the validation images of their own variant too, "
        "whose matrix and curves the preprint's training folders hold",
    )
    published_sets: bool = Field(
        False,
        description="every model is judged on the test images of the published sets too, which hold real cells with "
        "classes; needs the network once a set, else these test sets are unavailable",
    )


def _size(value: object) -> object:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    known = value in ("trained", "native") or (type(number) is int and 32 <= number <= 4096)
    if not known:
        raise ValueError("`trained`, `native`, or a long side of 32 to 4096 pixels")
    return number


Size = Annotated[Literal["trained", "native"] | Annotated[int, Field(ge=32, le=4096)], BeforeValidator(_size)]
"""The size a detector sees frames at: ``trained``, ``native`` or a long side in pixels (``detector/sizes.py``)."""


class Given(Strict):
    """A checkpoint of yours that the target `validate_weights` judges like any model of the tables."""

    path: Place | None = Field(None, description="a detector of Ultralytics; the model `given` of the pages")
    sha256: Sum | None = Field(None, description="of its bytes; nothing opens another file")
    classes: Literal[1, 2, 3] = Field(
        3, description="its outputs: croissant and slipper, and other; 1: cells of any shape, judged on finding alone"
    )
    testsets: list[str] = Field(
        ["saarland_donors", "naples", "flow_public"], min_length=1, description="what it is judged on"
    )
    size: Size = Field(
        "trained",
        description="size it sees frames at: `trained` (its own imgsz, as Ultralytics validates), `native` (the "
        "frames' pixels times `scale`) or a long side",
    )

    @model_validator(mode="after")
    def _path_with_its_sum(self) -> Given:
        if (self.path is None) != (self.sha256 is None):
            raise ValueError("path and sha256 come together")
        return self


class Gifs(Strict):
    """Look of the animations."""

    frames: int = Field(30, ge=1, description="frames a GIF has at most, all of one recording")
    fps: int = Field(3, ge=1, description="frames a second; display only, retrains nothing")


class Rebuild(Strict):
    """What the rebuild of the preprint is configured by."""

    seed: int = Field(0, ge=0, description="root of every random draw")
    phantoms: bool = Field(
        True,
        description="true: laboratories' recordings are drawn; false: read from `raw`, a missing folder is an error",
    )
    raw: Place = Field("resources/raw", description="folder with one folder a source, named as in config/sources.yaml")
    shard_size: int = Field(1000, ge=1, description="images one job generates; changes no pixel")
    scheme: Literal["grouped", "paper"] = Field(
        "grouped",
        description="`grouped`: no donor or file family on two sides; `paper`: by single cell, which leaks; a variant "
        "may have its own, test sets of recordings go by this one",
    )
    shares: Shares = Field(Shares(), description="shares of the `grouped` scheme")
    phantom: Phantom = Field(Phantom(), description="size of the phantom recordings")
    segmenters: Segmenters = Field(Segmenters(), description="networks that outline cells")
    images: Images = Field(Images(), description="images a variant")
    training: Training = Field(Training(), description="scale of the trainings")
    validation: Validation = Field(Validation(), description="thresholds and test-set size")
    given: Given = Field(Given(), description="a checkpoint for the target `validate_weights`")
    gifs: Gifs = Field(Gifs(), description="animations")
    tables: Tables = Field(Tables(), description="places of the tables")
    sources: dict[str, dict] = Field(
        {}, description="keys laid over rows of config/sources.yaml, and rows besides its own, by source"
    )
    banks: dict[str, dict] = Field(
        {}, description="keys laid over rows of config/banks.yaml, and rows besides its own, by bank"
    )
    variants: dict[str, dict] = Field(
        {}, description="keys laid over rows of config/variants.yaml, and rows besides its own, by variant"
    )
    models: dict[str, dict] = Field(
        {}, description="keys laid over rows of config/models.yaml, and rows besides its own, by model"
    )
    testsets: dict[str, dict] = Field(
        {}, description="keys laid over rows of config/testsets.yaml, and rows besides its own, by test set"
    )
    runs: dict[str, dict] = Field(
        {}, description="overrides of single columns of config/runs.tsv, and rows besides its own, by run"
    )
    laboratories: list[Place] = Field(
        [],
        description="folders of laboratories that this package does not know, each with laboratory.py and reader.py "
        "(docs/own-data.md)",
    )
    pathvars: dict[Literal["results", "logs", "benchmarks"], str] = Field(
        {}, description="Snakemake's path variables, e.g. `results: elsewhere`"
    )

    @field_validator("pathvars")
    @classmethod
    def _spelled_out(cls, value: dict[str, str]) -> dict[str, str]:
        for name, path in value.items():
            if path.startswith("~") or "$" in path:
                raise ValueError(f"paths spelled out: in `{name}`, Snakemake puts nothing in place of ~ and $NAME")
        return value


Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Facts(Strict):
    """What may be said of a recording besides where it lies: columns of a sheet, or keys beside `recording`."""

    pixel_um: Positive | None = Field(None, description="side of a pixel in micrometres, in the plane of the cells")
    fps: Positive | None = Field(None, description="the camera's frames a second, not those a video is played at")
    condition: str | None = Field(None, description="flow condition in your words, e.g. `20 mbar`; shares go by it")
    pressure_mbar: Annotated[float, Field(allow_inf_nan=False)] | None = Field(None, description="pressure drop")
    flow_ul_s: Positive | None = Field(None, description="flow rate in microlitres a second")
    donor: str | None = Field(None, description="blood donor")
    channel_um: Positive | None = Field(None, description="width of the channel as seen in the frame, micrometres")
    roi: tuple[int, int, int, int] | None = Field(
        None, description="x0,y0,x1,y1 in pixels, x1 and y1 outside: only this part of a frame is looked at"
    )
    flow: Literal["right", "left", "up", "down"] | None = Field(
        None, description="where cells move to, if it shall not be found out"
    )
    first: Annotated[int, Field(ge=0)] | None = Field(None, description="first frame looked at, counted from 0")
    last: Annotated[int, Field(ge=0)] | None = Field(None, description="last frame looked at")
    scale: Annotated[float, Field(gt=0, le=10)] | None = Field(
        None, description="factor on both sides of a frame before the detector sees it, if it shall not be found out"
    )

    @field_validator(
        *("pixel_um", "fps", "pressure_mbar", "flow_ul_s", "channel_um", "first", "last", "scale"), mode="before"
    )
    @classmethod
    def _no_truth_values(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("input should be a number")
        return value

    @field_validator("condition", "donor", mode="before")
    @classmethod
    def _numbers_are_names_too(cls, value: object) -> object:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @field_validator("roi", mode="before")
    @classmethod
    def _four_numbers(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.strip("()[] ").split(",")]
        if len(parts) != 4 or not all(re.fullmatch(r"\d+", part) for part in parts):
            raise ValueError("input should be four whole numbers x0,y0,x1,y1")
        return tuple(map(int, parts))

    @field_validator("roi")
    @classmethod
    def _some_area(cls, value: tuple[int, int, int, int] | None) -> tuple[int, int, int, int] | None:
        if value and not (0 <= value[0] < value[2] and 0 <= value[1] < value[3]):
            raise ValueError("input should be x0,y0,x1,y1 with 0 <= x0 < x1 and 0 <= y0 < y1")
        return value

    @field_validator("last")
    @classmethod
    def _not_before_first(cls, value: int | None, info: ValidationInfo) -> int | None:
        first = info.data.get("first")
        if value is not None and first is not None and value < first:
            raise ValueError(f"input should be at least `first`, which is {first}")
        return value


class Recording(Facts):
    """One row of a sheet of recordings."""

    recording: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="its name, a folder of the results")
    file: str = Field(min_length=1, description="video, TIFF stack, folder of pictures, `.rtdc` or `.h5`")


class OwnRecordings(Strict):
    """The targets `recordings`, `labels` and `retrain`; nothing else reads these keys (docs/recordings.md)."""

    recordings: Place | None = Field(None, description="a sheet of your own recordings")
    recording: str | None = Field(None, description="or one recording's file, described by the keys that follow")
    detector: str = Field(
        "universal",
        description="what finds the cells of your recordings: a name from resources/weights.yaml, one made by "
        "`retrain` (`mine`), or a checkpoint's file",
    )
    detector_sha256: Sum | None = Field(None, description="of a checkpoint's file; nothing opens another")
    detector_classes: dict[str, str] = Field(
        {},
        description="a checkpoint's own names of classes: croissant, slipper or other each, e.g. `{rolling: other}`; "
        "`{rbc: cell}` for a detector of one class",
    )
    corrected: Place | None = Field(
        None, description="folder, or zip file, with corrected labels, for `retrain` (docs/correcting.md)"
    )
    retrained: str = Field(
        "mine", pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="name of the detector that `retrain` makes"
    )

    @field_validator("recordings", "recording", "corrected", "detector", mode="before")
    @classmethod
    def _numbers_are_names_here_too(cls, value: object) -> object:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @field_validator("detector_classes")
    @classmethod
    def _known_classes(cls, value: dict[str, str]) -> dict[str, str]:
        allowed = ("croissant", "slipper", "other", "cell")
        if unknown := sorted(set(value.values()) - set(allowed)):
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(allowed)}")
        return value


class Config(Facts, OwnRecordings, Rebuild):
    """rbcflow's configuration."""


class Labelled(Strict):
    """A row of a table that readers meet: its title, and a short name for axes and legends."""

    title: str
    label: str | None = Field(
        None, max_length=26, description="short name in figures and on the page; left out: the row's name in words"
    )


def _one_of(value: str, allowed: Iterable[str]) -> str:
    names = list(allowed)
    if value not in names:
        raise ValueError(f"{', '.join(map(repr, names[:-1]))} or {names[-1]!r}")
    return value


def _known_layout(value: str) -> str:
    return _one_of(value, [*laboratories.known(), DRAWN])


def _known_kind(value: str) -> str:
    return _one_of(value, [*laboratories.kinds(), *OF_OTHERS])


class Source(Labelled):
    """One row of `config/sources.yaml`."""

    pixel_um: Positive | None = Field(
        None, description="side of a pixel in micrometres, which scale bars are drawn by; left out: no bars"
    )
    layout: Annotated[str, AfterValidator(_known_layout)] = Field(
        description="a laboratory of `rbcflow.sources`, one of the key `laboratories`, or `drawn`"
    )
    origin: Literal["phantom", "path", "package", "drawn", "url"] | None = Field(
        None, description="left out: `path` where a path is given, else `phantom` or `path`, as the key `phantoms` says"
    )
    path: Place | None = Field(None, description="folder of the files if not `raw`/<name>; means origin `path`")
    bad_files: Literal["stop", "skip"] = Field(
        "stop", description="`skip`: files that are broken or do not fit the layout are left out, with a warning"
    )
    take: list[str] = Field(
        [],
        description="patterns of the folders and files that are read, `videos/nouaman_2024` or `*.avi`; left out: all",
    )
    ignore: list[str] = Field(
        [],
        description="patterns of folders and files that are not read, `train` or `*_zoomed`; any other picture, video, "
        "stack or HDF5 file that no reader takes is an error",
    )
    without_polygons: Literal["leave_out", "empty"] = Field(
        "leave_out",
        description="annotated pictures without any polygon: `empty` says that they show no cell, `leave_out` that "
        "nobody may have labelled them yet (layout nouaman2024)",
    )
    exact_truth: bool = Field(
        False,
        description="with origin `path`: the folder has `truth/` as a phantom's has: boxes and masks are its",
    )
    url: str | None = Field(None, pattern="^https?://", description="a zip of the files, which origin `url` downloads")
    sha256: Sum | None = Field(
        None,
        description="of the download; left out: the first one's files are kept in the manifest and compared",
    )
    licence: str
    access: str = Field(description="whom to ask for the files, or how they are fetched")
    reference: str

    @model_validator(mode="after")
    def _url_for_download(self) -> Source:
        if self.origin == "url" and not self.url:
            raise ValueError("origin `url` needs the key `url`")
        if self.exact_truth and self.origin not in ("path", None):
            raise ValueError("`exact_truth` is a remark on own files: it goes with origin `path`")
        allowed = ("drawn",) if self.layout == DRAWN else laboratories.known()[self.layout].origins
        origin = self.origin or ("path" if self.path else None)
        if origin not in allowed:
            known = ", ".join(f"`{origin}`" for origin in allowed if origin)
            raise ValueError(f"a source of layout {self.layout} has no origin `{self.origin}`; allowed are {known}")
        return self


class Bank(Labelled):
    """One row of `config/banks.yaml`: a bank of single cells."""

    source: str
    paths: list[PathName] = Field(min_length=1)
    recordings: list[str] = Field(
        [], description="recordings, which of crops are folders, that cells are cut from; left out: all"
    )
    kernel: Literal["cross", "square"] = Field(
        "cross", description="3x3 kernel that opens and closes a U-Net's foreground; the preprint: square"
    )
    elongation: dict[Literal["croissant", "slipper", "other"], Annotated[float, Field(gt=0)]] | None = Field(
        None, description="largest elongation of what Cellpose outlines, by class; left out: croissant 0.5, slipper 2.5"
    )
    elongation_of: Literal["sides", "height"] = Field(
        "sides",
        description="longer side over shorter, less one; or, as in the preprint, how far height over width is from one",
    )

    @model_validator(mode="after")
    def _each_path_once(self) -> Bank:
        return _each_once(self, "paths")


BANK_OPTIONS = {"recordings", "kernel", "elongation", "elongation_of"}
"""Keys of a bank's row that say how its paths work (``cells.outline.Options``)."""


class Variant(Labelled):
    """One row of `config/variants.yaml`: which banks feed it, its scale, and the parameters of the composer."""

    banks: list[str] = Field(min_length=1)
    images: Images | None = Field(None, description="left out: the configuration's `images`")
    compose: dict = Field({}, description="parameters of rbcflow.datasets.VariantSpec")
    scheme: Literal["grouped", "paper"] | None = Field(None, description="left out: the configuration's `scheme`")
    dataset: Literal["generated", "published", "path"] = Field(
        "generated", description="`published`: the images of the published sets' table; `path`: those of a folder"
    )
    path: Place | None = Field(
        None, description="a folder of images and labels as Ultralytics reads them, for `dataset: path`"
    )
    published_as: str | None = None

    @model_validator(mode="after")
    def _each_bank_once(self) -> Variant:
        return _each_once(self, "banks")


class Checkpoint(Strict):
    """Whether a model is trained or taken as a verified checkpoint; what follows in the DAG is the same."""

    source: Literal["train", "published", "path"] = Field(
        "train",
        description="`published`: the entry <published_as>.pt of resources/weights.yaml; `path`: a file of yours",
    )
    path: Place | None = Field(None, description="with `source: path`, the checkpoint")
    sha256: Sum | None = Field(None, description="with `source: path`, of its bytes")

    @model_validator(mode="after")
    def _path_with_its_sum(self) -> Checkpoint:
        given = [name for name in ("path", "sha256") if getattr(self, name)]
        if (self.source == "path") != (len(given) == 2) or len(given) == 1:
            raise ValueError("`source: path` needs both path and sha256, the other sources have neither")
        return self


class Model(Labelled):
    """One row of `config/models.yaml`; keys left out come from the configuration's `training`."""

    variant: str
    published_as: str | None = None
    classes: Literal[1, 2, 3] | None = Field(
        None,
        description="left out: the variant's. 2: croissant and slipper, any other object is background; "
        "3: an output for other, even where no image has a label of it; 1: a checkpoint that finds cells of any shape",
    )
    weights: Checkpoint = Field(Checkpoint(), description="train it, or take a verified checkpoint instead")
    training: dict = Field({}, description="overrides of single keys of `training`")


class TestSet(Labelled):
    """One row of `config/testsets.yaml`."""

    source: str = Field(
        description="a source; with `kind: composed` a variant, with `published` a set of the table of published sets"
    )
    kind: Annotated[str, AfterValidator(_known_kind)]
    published_as: str | None = None
    scale: float = Field(1.0, gt=0, le=10, description="factor on both sides of a frame before a detector sees it")
    bank: str | None = Field(
        None,
        description="with `kind: singapore_raw` or `singapore_held_out`, whose cells' boxes are the truth where "
        "pictures have none; the latter takes the pictures of the cells that the preprint's split holds out",
    )
    split: Literal["val", "test"] = Field("test", description="with `kind: composed`, which of the variant's images")
    of: str | None = Field(
        None, description="with `kind: stress` or `stress_harder`, the test set whose frames are disturbed"
    )
    pattern: str | None = Field(
        None,
        description="with `kind: yolo_folder`, a regular expression for names of pictures, without suffix, that says "
        "donor, recording, condition and frame by groups of these names",
    )
    table: Place | None = Field(
        None, description="with `kind: yolo_folder`, a table of the columns file, donor, recording, condition and frame"
    )
    classes: bool | None = Field(
        None,
        description="with `kind: yolo_folder`, whether the labels tell shapes; left out: unless all are of class other",
    )

    @model_validator(mode="after")
    def _only_of_folders(self) -> TestSet:
        given = [name for name in ("pattern", "table", "classes") if getattr(self, name) is not None]
        if given and self.kind != "yolo_folder":
            raise ValueError(f"`{given[0]}` goes with `kind: yolo_folder`")
        if {"pattern", "table"} <= set(given):
            raise ValueError("`pattern` or `table`, not both")
        return self

    @field_validator("pattern")
    @classmethod
    def _groups_of_known_names(cls, value: str | None) -> str | None:
        try:
            groups = set(re.compile(value or "").groupindex)
        except re.error as error:
            raise ValueError(f"a regular expression; {error}") from None
        known = ("donor", "recording", "condition", "frame")
        if value is not None and not (groups and groups <= set(known)):
            raise ValueError(f"a regular expression with groups such as (?P<donor>...), of {', '.join(known)}")
        return value

    @model_validator(mode="after")
    def _frames_to_disturb(self) -> TestSet:
        if self.kind.startswith("stress") != (self.of is not None):
            raise ValueError("`of` goes with `kind: stress` or `stress_harder`, and only with them")
        return self


Input = Literal["recorded", "grey"]
"""What a detector sees of a frame: its channels as recorded, or its grey in all of them (``detector/detector.py``)."""


class Run(Strict):
    """One row of `config/runs.tsv`."""

    run: str = Field(pattern=r"^[a-z0-9_]+(-on-)[a-z0-9_]+$", description="<model>-on-<testset>")
    model: str
    testset: str
    published_as: str | None = None
    size: Size = "trained"
    input: Input = "recorded"
    companions: bool = Field(
        False, description="judged with every switch turned as well, as a run with a published name is"
    )


SWITCHES: dict[str, dict[str, str]] = {
    "at-native": {"size": "native"},
    "in-grey": {"input": "grey"},
}
"""What every published run is judged with besides its own settings: by the companion's suffix, columns of `Run`.

Where frames are grey already, grey is no switch.
"""


class Companion(Run):
    """A published run judged once more with a switch turned: numbers beside its own, no pictures and no claim."""

    run: str = Field(pattern=r"^[a-z0-9_]+-on-[a-z0-9_]+-(at|in)-[a-z0-9_]+$", description="<run>-<switch>")
    companion_of: str
    switch: str = Field(description="in a word: `native`, `grey`")
