"""Everything of this machine's disk that the DAG depends on: files of the user's, which no rule makes.

Which files there are decides what can be made (``plan.possible``), so it must be known before the DAG is; what is in
them, only as a digest among a rule's params: a folder of thousands of files is no input, since Snakemake would take a
copied or touched file for a changed one and read everything again.
"""

from __future__ import annotations

from pathlib import Path

from snakemake.exceptions import WorkflowError

from rbcflow.config.recordings import Recording
from rbcflow.config.settings import Settings
from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_object
from rbcflow.recordings.detectors import Chosen, chosen, new_name
from rbcflow.recordings.sheet import recordings_of
from rbcflow.runtime.fingerprint import file_digest, filled_digest, listing_digest
from rbcflow.runtime.provenance import sha256
from rbcflow.sources import seen
from rbcflow.sources.listing import hidden, listed


class Disk:
    """What is asked of the user's files."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings, which name the files."""
        self._settings = settings
        self._results = Path(settings.config.pathvars.get("results", "results"))

    def lacks_files(self, source: str) -> bool:
        """Return whether a source should be read from a folder that is absent or empty."""
        folder = self._settings.raw_folder(source)
        if self._settings.access(source) != "local":
            return False
        return not folder.is_dir() or all(hidden(entry.name) for entry in folder.iterdir())

    def simulated_before(self) -> list[str]:
        """Return the sources whose files are absent and of which an earlier run left simulated ones in its results.

        Snakemake takes an output that is there, and that nothing can make, for a file of the user's.
        """
        raw = self._results / "raw"
        records = {name: raw / name / "source.json" for name in self._settings.sources if self.lacks_files(name)}
        return [
            name
            for name, file in records.items()
            if file.is_file() and read_object(file, "the record of a source's files", []).get("origin") == "phantom"
        ]

    def missing_raw(self) -> list[str]:
        """Return one paragraph for each source that should be read from a folder that is absent or empty."""
        lines = []
        for name, source in self._settings.sources.items():
            if self.lacks_files(name):
                lines.append(
                    f"{name} ({source.title})\n"
                    f"    put its files into: {self._settings.raw_folder(name)}/\n"
                    + (f"    or download a part: access `url`, from {source.url}\n" if source.url else "")
                    + f"    where to ask:       {source.availability}\n"
                    f"    reference:          {source.reference}"
                )
        return lines

    def lacks_images(self, variant: str) -> bool:
        """Return whether a variant's images should be taken from a folder that is absent."""
        row = self._settings.variants[variant]
        return row.dataset == "local" and not Path(row.path).is_dir()

    def lacks(self, file: str) -> bool:
        """Return whether a file of the user's is absent."""
        return not Path(file).is_file()

    def recordings(self) -> dict[str, Recording]:
        """Return the recordings that the configuration asks for, by name.

        Raises:
            InputError: the sheet is wrong, or names a file that is not there.
        """
        return recordings_of(self._settings.config)

    def detector(self) -> Chosen:
        """Return the detector that the configuration names: of the table, retrained in an earlier run, or a file.

        Raises:
            InputError: no such detector, or a file without its sha256.
        """
        return chosen(self._settings.config)

    def retrained(self) -> str:
        """Return what the detector that ``retrain`` makes is called.

        Raises:
            InputError: another detector has the name, or there is nothing to learn from.
        """
        return new_name(self._settings.config)

    def raw_files(self, source: str) -> str | list[str]:
        """Return nothing, or a name that no file has where a source's folder lacks files: the DAG ends with it."""
        folder = self._settings.raw_folder(source)
        return f"{folder}/its-files" if self.lacks_files(source) else []

    def raw_listing(self, source: str) -> str:
        """Return the state of a source's own files: another one where a file changed, not where it was only touched.

        Raises:
            WorkflowError: the files cannot be listed.
        """
        row = self._settings.sources[source]
        if self.lacks_files(source):
            return ""
        try:
            files = listed(self._settings.raw_folder(source), row.layout, take=row.take, ignore=row.ignore)
        except InputError as error:
            raise WorkflowError(f"The files of {source} cannot be listed.\n{error}") from None
        return seen.state(files, self._results / "raw" / source / seen.NAME)

    def dataset_files(self, variant: str) -> str | list[str]:
        """Return nothing, or a name that no file has where the folder of a dataset is absent: the DAG ends with it."""
        return f"{self._settings.variants[variant].path}/its-images" if self.lacks_images(variant) else []

    def dataset_listing(self, variant: str) -> str:
        """Return the state of the folder that a variant's images are taken from, "" where there is none."""
        folder = Path(self._settings.variants[variant].path)
        before = self._results / "datasets" / variant / seen.NAME
        return seen.state(listed(folder, "yolo_folder"), before) if folder.is_dir() else ""

    def recording_listing(self, file: str) -> str:
        """Return a digest over a folder of pictures, or over a file's size and time: a changed one is read again.

        A file may be replaced by one that is older and, as those of a camera are, as large. Snakemake runs a job again
        for a file that is newer than its results, not for an older one.
        """
        path = Path(file)
        return listing_digest(path) if path.is_dir() else file_digest(path)

    def named_by_hand(self) -> str:
        """Return a digest of the cells named by hand in `check.tsv`, "" while there are none."""
        return filled_digest(self._results / "recordings" / "check.tsv")

    def corrected_listing(self) -> str:
        """Return a digest over the corrected labels, so that changed ones are read again."""
        path = Path(self._settings.config.corrected or "").expanduser()
        return listing_digest(path) if path.is_dir() else file_digest(path)

    def table_sum(self, table: str | None) -> str | None:
        """Return the sha256 of a test set's table of the user's."""
        return sha256(Path(table)) if table else None
