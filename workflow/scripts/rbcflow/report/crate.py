"""The results for machines: a Provenance Run Crate, with the jobs as actions (rule ``render_report``).

RO-Crate 1.1 in the profiles of Workflow Run RO-Crate 0.5, https://www.researchobject.org/workflow-run-crate/.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from rocrate.model import ComputationalWorkflow, ContextEntity
from rocrate.rocrate import ROCrate

from rbcflow.report import citation
from rbcflow.report.codecheck import name_of
from rbcflow.report.records import JOB_RECORDS, Provenance, read_provenance, read_records
from rbcflow.runtime.provenance import sha256, versions

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
SHA256 = "https://w3id.org/ro/terms/workflow-run#sha256"
"""The one term that RO-Crate's own context does not have."""

LISTED = (
    "report.html", "codecheck.yml", "tables/*.csv", "cards/*.md", "models/*/seed-*/weights/*.pt",
    "segmentation/*/weights.pt",
)  # fmt: skip
"""Files of the results that the crate has besides the figures, the workflow's own and what jobs read."""

WORKFLOW = "workflow"
"""Folder of the results with the workflow's files as they were run."""

FORMATS = {".yaml": "application/yaml", ".yml": "application/yaml", ".parquet": "application/vnd.apache.parquet",
           ".md": "text/markdown", ".pt": "application/octet-stream", ".npz": "application/zip"}  # fmt: skip
"""Media types that ``mimetypes`` does not know everywhere."""


@dataclass(frozen=True)
class Workflow:
    """What was run.

    Attributes:
        snakefile: the workflow's entry.
        citation: its ``CITATION.cff``.
        tables: the tables the configuration names, by its key.
        config: the configuration as it was run, with what the command line said.
    """

    snakefile: Path
    citation: Path
    tables: Mapping[str, Path]
    config: Mapping[str, Any]


def write_crate(results: Path, figures: list[tuple[dict[str, Any], Path]], workflow: Workflow) -> None:
    """Write ``ro-crate-metadata.json``, and the workflow's own files beside the results.

    Args:
        results: folder the crate describes; ``report.html`` and ``codecheck.yml`` are in it already.
        figures: what ``codecheck.list_figures`` returned.
        workflow: what was run.
    """
    crate = _Crate(results)
    for path in sorted(path for pattern in LISTED for path in results.glob(pattern)):
        crate.file(path)
    for entry, path in figures:
        crate.file(path, name_of(entry, path), _described(entry, read_provenance(path.with_suffix(".json"), results)))
    drawn = (read_provenance(path.with_suffix(".json"), results) for _, path in figures)
    records = [*read_records(results, JOB_RECORDS), *(record for record in drawn if record)]
    project = yaml.safe_load(workflow.citation.read_text(encoding="utf-8"))
    main = crate.workflow(workflow, project)
    jobs = [crate.job(record, main) for record in records]
    crate.run(main, records, jobs)
    crate.root(project)
    crate.write()


def _described(entry: Mapping[str, Any], record: Provenance | None) -> str:
    """Return what a figure was made from, and what it is the counterpart of."""
    made = f"Made from: {', '.join(record.origins) if record and record.origins else 'not recorded'}."
    rebuilt = ", ".join(entry.get("rebuilds") or ())
    return made + (f" Counterpart in the preprint's repository: {rebuilt}." if rebuilt else "")


class _Crate:
    """A crate that is being filled; whatever is named twice is one entity."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_terms["sha256"] = SHA256
        self.parts: dict[str, Any] = {}

    def file(self, path: Path, name: str = "", description: str = "") -> Any:
        """Return the entity of a file or folder in the results, a file's with its sha256."""
        id_ = path.relative_to(self.results).as_posix() + "/" * path.is_dir()
        if id_ in self.parts:
            return self.parts[id_]
        properties = {"name": name or id_, **({"description": description} if description else {})}
        if path.is_dir():
            self.parts[id_] = self.crate.add_dataset(dest_path=id_, properties=properties)
            return self.parts[id_]
        kind = FORMATS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        properties |= {"contentSize": str(path.stat().st_size), "sha256": sha256(path), "encodingFormat": kind}
        self.parts[id_] = self.crate.add_file(dest_path=id_, properties=properties)
        return self.parts[id_]

    def context(self, id_: str, type_: str, **properties: Any) -> Any:
        """Return the entity of something that is no file of the crate."""
        if id_ not in self.parts:
            self.parts[id_] = self.crate.add(ContextEntity(self.crate, id_, {"@type": type_, **properties}))
        return self.parts[id_]

    def workflow(self, run: Workflow, project: Mapping[str, Any]) -> Any:
        """Write the workflow's own files beside the results and return the entity of its Snakefile."""
        folder = self.results / WORKFLOW
        folder.mkdir(exist_ok=True)
        copies = {"Snakefile": run.snakefile} | {key + path.suffix: path for key, path in sorted(run.tables.items())}
        for name, source in copies.items():
            (folder / name).write_bytes(source.read_bytes())
        (folder / "config.yaml").write_text(yaml.safe_dump(dict(run.config), sort_keys=False), encoding="utf-8")
        main = self.crate.add_workflow(
            dest_path=f"{WORKFLOW}/Snakefile",
            main=True,
            lang="snakemake",
            lang_version=versions()["snakemake"],
            properties={
                "@type": [*ComputationalWorkflow.TYPES, "HowTo"],
                "name": str(project["title"]),
                "version": str(project.get("version", "")),
                "sha256": sha256(folder / "Snakefile"),
                "encodingFormat": "text/plain",
                "conformsTo": {"@id": BIOSCHEMAS},
            },
        )
        self.parts[main.id] = main
        for name in ("config.yaml", *copies):
            self.file(folder / name)
        return main

    def job(self, record: Provenance, main: Any) -> Any:
        """Return the action of a job: the rule is its instrument, what it read its object, what it wrote its result."""
        tool = self.context(
            f"#rule-{record.rule}", "SoftwareApplication", name=record.rule, version=str(main["version"])
        )
        if tool not in (main.get("hasPart") or ()):
            step = self.context(f"#step-{record.rule}", "HowToStep", name=record.rule, workExample=tool)
            main.append_to("hasPart", tool)
            main.append_to("step", step)
        read = {name: item for item in record.inputs for name in (item.paths or (item.path,))}
        return self.context(
            f"#job-{record.subject}",
            "CreateAction",
            name=" ".join([record.rule, *record.wildcards.values()]),
            description=f"Record {record.path}, commit {record.commit or 'unknown'}.",
            instrument=tool,
            object=[
                self.read(Path(name), "" if item.paths else item.fingerprint)
                for name, item in read.items()
                if not name.endswith(" files")
            ],
            result=self.written(record),
            **_times([record]),
        )

    def read(self, path: Path, digest: str) -> Any:
        """Return the entity of what a job read; what is not (or no more) in the crate has but its name and digest."""
        if path.is_relative_to(self.results) and path.exists():
            return self.file(path)
        known = {"sha256": digest} if digest else {}
        return self.context(f"#input-{path.as_posix()}", "CreativeWork", name=path.as_posix(), **known)

    def written(self, record: Provenance) -> list[Any]:
        """Return the entities of what a job wrote: its folder, or the files beside its record."""
        if record.path.endswith("/provenance.json"):
            return [self.file(self.results / record.subject, description=f"Made from: {', '.join(record.origins)}.")]
        here = self.results / record.path
        beside = sorted(path for path in here.parent.iterdir() if path.stem == here.stem and path != here)
        return [self.file(path) for path in beside]

    def run(self, main: Any, records: list[Provenance], jobs: list[Any]) -> None:
        """Add the run of the whole workflow: from its configuration to the report."""
        config = [part for id_, part in self.parts.items() if id_.startswith(f"{WORKFLOW}/") and part is not main]
        made = [part for id_, part in self.parts.items() if id_.startswith(("report.html", "tables/"))]
        properties = {"object": config, "result": made, **_times(records)}
        words = {"name": "The run of the workflow", "description": "From its configuration to the report."}
        whole = self.context("#run", "CreateAction", **words, instrument=main, **properties)
        self.crate.root_dataset["mentions"] = [whole, *jobs]

    def root(self, project: Mapping[str, Any]) -> None:
        """Say what the crate is, by whom, and under which licence."""
        licence = str(project.get("license", ""))
        article = self.context(f"https://doi.org/{citation.DOI}", "ScholarlyArticle", name=citation.TITLE)
        address = f"https://spdx.org/licenses/{licence}"
        newest = max(path.stat().st_mtime for id_ in self.parts if (path := self.results / id_).is_file())
        root = self.crate.root_dataset
        root["name"] = f"Results of {project['title']} {project.get('version', '')}".strip()
        root["description"] = " ".join(str(project.get("abstract", "")).split())
        root["datePublished"] = str(project.get("date-released") or datetime.fromtimestamp(newest, UTC).date())
        root["license"] = self.context(address, "CreativeWork", name=licence, url=address)
        root["author"] = [self.author(author) for author in project.get("authors", [])]
        root["citation"] = article
        root["conformsTo"] = [
            self.context(id_, "CreativeWork", name=name, version=id_.rsplit("/", 1)[1])
            for id_, name in PROFILES.items()
        ]

    def author(self, author: Mapping[str, Any]) -> Any:
        """Return an author of ``CITATION.cff``, a person or a group."""
        if "name" in author:
            return self.context(f"#{author['name'].replace(' ', '-')}", "Organization", name=author["name"])
        name = " ".join(author[key] for key in ("given-names", "family-names") if key in author)
        return self.context(author.get("orcid") or f"#{name.replace(' ', '-')}", "Person", name=name)

    def write(self) -> None:
        """Write the metadata: single values without brackets, as RO-Crate asks, and no empty lists."""
        for entity in self.crate.get_entities():
            values = entity.properties()
            for key in [key for key, value in values.items() if isinstance(value, list) and len(value) < 2]:
                values[key] = values[key][0] if values[key] else None
                if values[key] is None:
                    del values[key]
        self.crate.metadata.write(self.results)


def _times(records: Iterable[Provenance]) -> dict[str, str]:
    """Return when the first of some jobs began and the last ended, as far as their records state it."""
    known = [(datetime.fromisoformat(r.ended), timedelta(seconds=r.seconds or 0)) for r in records if r.ended]
    if not known:
        return {}
    begun, ended = min(end - took for end, took in known), max(end for end, _ in known)
    return {"startTime": begun.isoformat(timespec="seconds"), "endTime": ended.isoformat(timespec="seconds")}
