"""Rule check_raw: what lies in every source's folder and what can be made with it, printed before any computing."""

from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.sources.look import COLUMNS, MOST, Look, look, table

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    rows, remarks = [list(COLUMNS)], []
    for own in snakemake.params.sources:
        name, folder = own["source"], Path(own["folder"])
        if own["access"] != "local":
            rows.append([name, f"({own['access']})", *[""] * (len(COLUMNS) - 2)])
            continue
        found = (
            look(own["layout"], folder, own["reading_options"])
            if folder.is_dir() and any(folder.iterdir())
            else Look(f"{folder}: found a file; expected a folder of files" if folder.is_file() else "not there")
        )
        absent = found.refused == "not there"
        rows.append([name, str(folder), *(["not there", *[""] * (len(COLUMNS) - 3)] if absent else found.cells())])
        remarks += [f"{name}: {found.refused}"] if found.refused and not absent else []
        remarks += [f"{name}: {remark}" for remark in found.remarks]
        remarks += [f"{name}: {file}: {why}" for file, why in list(found.bad.items())[:MOST]]
        remarks += [f"{name}: and {len(found.bad) - MOST} bad files more"] if len(found.bad) > MOST else []
    print(f"\n{table(rows)}\n")
    print("".join(f"{line}\n" for line in remarks))
    print("Possible with what is there (`snakemake possible` makes all of it):")
    print("".join(f"  {line}\n" for line in snakemake.params.possible))
