"""The library behind the rules: raw, cells, splits, datasets, models, predictions, metrics, figures, report.

Each stage is one module or package here, one rule file under ``workflow/rules`` and one folder under ``results``.
Nothing here imports Snakemake; the thin scripts beside it map a rule's files and params onto these functions.
"""
