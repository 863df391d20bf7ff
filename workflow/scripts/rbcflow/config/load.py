"""Read configuration and tables, check them against each other, and complete them."""

from __future__ import annotations

from pathlib import Path

from rbcflow.config.additions import add_companions, add_given, add_own_val, add_published_sets
from rbcflow.config.bank import Bank
from rbcflow.config.config import Config
from rbcflow.config.model import Model
from rbcflow.config.reader import read_runs, read_table
from rbcflow.config.references import check_references
from rbcflow.config.settings import Settings
from rbcflow.config.source import Source
from rbcflow.config.testset import TestSetRow
from rbcflow.config.variant import Variant
from rbcflow.core.strict import validate
from rbcflow.figures.registry import read_registry
from rbcflow.sources import laboratories


def load(raw: dict) -> Settings:
    """Validate a configuration and the tables it names.

    Args:
        raw: Snakemake's merged configuration.

    Raises:
        InputError: a key, value or name is wrong; the message has the file, the key, the value and what is allowed.
    """
    config = validate(Config, raw, Path("configuration"))
    laboratories.tell(config.laboratories)
    tables = config.tables
    settings = Settings(
        config=config,
        sources=read_table(Source, tables.sources, config.sources),
        banks=read_table(Bank, tables.banks, config.banks),
        variants=read_table(Variant, tables.variants, config.variants),
        models=read_table(Model, tables.models, config.models),
        testsets=read_table(TestSetRow, tables.testsets, config.testsets),
        runs=read_runs(tables.runs, config.runs),
    )
    add_own_val(settings)
    add_published_sets(settings)
    add_given(settings)
    add_companions(settings)
    check_references(settings)
    read_registry(Path(tables.figures))
    return settings
