"""A row of `config/sources.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from rbcflow.config.base import Labelled, Place, Positive, Sum, one_of
from rbcflow.sources import laboratories
from rbcflow.sources.laboratories import SIMULATED


def _known_layout(value: str) -> str:
    return one_of(value, [*laboratories.known(), SIMULATED])


def _ways(layout: str) -> tuple[str | None, ...]:
    """Return what `access` may be for a layout."""
    return (SIMULATED,) if layout == SIMULATED else laboratories.known()[layout].access


class Source(Labelled):
    """One row of `config/sources.yaml`."""

    pixel_um: Positive | None = Field(
        None, description="side of a pixel in micrometres, which scale bars are drawn by; left out: no bars"
    )
    layout: Annotated[str, AfterValidator(_known_layout)] = Field(
        description="a laboratory of `rbcflow.sources`, one of the key `laboratories`, or `simulated`"
    )
    access: Literal["phantom", "local", "package", "simulated", "url", "published"] | None = Field(
        None,
        description="left out: `local` where a path is given, else `phantom` or `local`, as the key `phantoms` says",
    )
    path: Place | None = Field(None, description="folder of the files if not `raw`/<name>; means access `local`")
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
        description="with access `local`: the folder has `truth/` as a phantom's has: boxes and masks are its",
    )
    url: str | None = Field(None, pattern="^https?://", description="a zip of the files, which access `url` downloads")
    published: str | None = Field(
        None, description="a set of resources/published_sets.yaml, whose images access `published` streams"
    )
    sha256: Sum | None = Field(
        None,
        description="of the download; left out: the first one's files are kept in the manifest and compared",
    )
    licence: str
    availability: str = Field(description="whom to ask for the files, or how they are fetched")
    reference: str

    @field_validator("access", mode="before")
    @classmethod
    def _of_the_layout(cls, value: object, row: ValidationInfo) -> object:
        # of a layout that is known too few are named to wait for the list of all
        layout = row.data.get("layout")
        if value is not None and layout is not None and value not in _ways(layout):
            allowed = ", ".join(repr(way) for way in _ways(layout) if way)
            raise ValueError(f"a way to files of layout {layout}: {allowed}")
        return value

    @model_validator(mode="after")
    def _url_for_download(self) -> Source:
        if self.access == "url" and not self.url:
            raise ValueError("access `url` needs the key `url`")
        if (self.access == "published") != (self.published is not None):
            raise ValueError("access `published` and the key `published` go together")
        if self.exact_truth and self.access not in ("local", None):
            raise ValueError("`exact_truth` is a remark on own files: it goes with access `local`")
        allowed = _ways(self.layout)
        access = self.access or ("local" if self.path else None)
        if access not in allowed:
            known = ", ".join(f"`{way}`" for way in allowed if way)
            raise ValueError(f"a source of layout {self.layout} has no access `{self.access}`; allowed are {known}")
        return self
