# `make report` and `make test` do all the set-up themselves; nothing else needs to be installed but Python 3.11 (and Chromium for the tests).

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORES ?= all
INSTALLER ?= uv

.PHONY: setup validator report recordings test test-fast test-slurm lint bench clean lock config fingerprints starter universal ablation laboratories seeds images example chromium audit

# Where the environment says not to keep compiled modules, as in many containers, every job would compile PyTorch anew.
export PYTHONDONTWRITEBYTECODE :=

setup: $(READY)

# what is installed is compiled when it is first used: 250 MB of it never are
HASHED = -m pip install --quiet --no-compile --require-hashes --requirement
PIP_INSTALL = $(BIN)/python $(HASHED)
UV_INSTALL = UV_HTTP_TIMEOUT=$${UV_HTTP_TIMEOUT:-180} $(BIN)/uv pip install --python $(BIN)/python --system-certs --require-hashes --requirement

# The lock file decides: the environment is made anew when it changes. uv installs it in a fraction of pip's time, but knows nothing of pip's
# settings (a mirror, a proxy): where it fails, pip does it, and `make setup INSTALLER=pip` leaves uv out.
$(READY): requirements.lock
	@echo "Setting up $(VENV) once: 3.6 GB to download (most of it PyTorch with CUDA), 7.1 GB on disk; about a minute on a fast line."
	$(PYTHON) -m venv --clear $(VENV)
	if [ $(INSTALLER) = uv ] && $(PIP_INSTALL) requirements-uv.lock && $(UV_INSTALL) requirements.lock; then :; else \
		echo "pip installs the packages, without uv."; $(PIP_INSTALL) requirements.lock; fi
	touch $@

# roc-validator, which the tests hold the RO-Crate against, pins older packages than we do: it has an environment of its own
VALIDATOR := $(VENV)/validator
validator: $(VALIDATOR)/.ready
$(VALIDATOR)/.ready: requirements-validator.lock $(READY)
	$(PYTHON) -m venv --clear $(VALIDATOR)
	$(VALIDATOR)/bin/python $(HASHED) requirements-validator.lock
	touch $@

report: $(READY)
	$(BIN)/snakemake --cores $(CORES)
	@echo "Open results/report.html in a browser."

# A first look at a folder of your recordings: `make recordings VIDEOS=/data/videos` writes the sheet and runs it. What you fill in stays.
SHEET ?= my/recordings.tsv
recordings: $(READY)
	@test -n "$(VIDEOS)" || { echo "make recordings VIDEOS=folder"; exit 1; }
	PYTHONPATH=workflow/scripts $(BIN)/python -m rbcflow.recordings.folder "$(VIDEOS)" "$(SHEET)"
	$(BIN)/snakemake --cores $(CORES) recordings --config recordings="$(SHEET)"

# Headless Chromium opens the report in the tests; on Debian and Ubuntu it is installed when it is absent and we may.
chromium:
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; } || \
		{ echo "The tests need a program named chromium on the PATH."; exit 1; }

# Two processes on two cores: the threads of their libraries would wait for each other's. A job has those that its rule asks for.
test test-fast: export OMP_NUM_THREADS := 1

# A module stays in one process, since its tests may share what the first of them made; tests/conftest.py puts the slow ones first.
test: $(READY) validator chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# what needs neither Chromium nor Slurm, runs no Snakemake and trains nothing: a minute and a half on two cores
test-fast: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not (slow or browser or slurm)"

# `make test` runs a small DAG on a one-node Slurm that it starts on the loopback address, installing Debian's packages where they are
# missing; this runs the toy DAG as well
test-slurm: $(READY)
	$(BIN)/python -m pytest -s -m slurm tests/system/test_slurm.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	PYTHONPATH=workflow/scripts $(BIN)/lint-imports
	$(BIN)/snakemake --lint

bench: $(READY)
	for file in bench/*.py; do PYTHONPATH=workflow/scripts $(BIN)/python $$file; done

# config/config.yaml, its JSON schema, and every table of the docs that the code decides
config: $(READY)
	PYTHONPATH=workflow/scripts $(BIN)/python -m rbcflow.plan.documents

# resources/expected/fingerprints.yaml: what simulated data must come out as, stage by stage, at the scales of the embedded default and of the
# tests; `make fingerprints SCALES=toy` writes those of one scale and keeps the others
SCALES ?= default toy
fingerprints: $(READY)
	$(foreach scale,$(SCALES),$(BIN)/snakemake results/expected/$(scale)/tables/fingerprints.csv --cores $(CORES) \
		--configfile config/$(subst default,config,$(scale)).yaml --config "pathvars={'results': 'results/expected/$(scale)'}" &&) true
	PYTHONPATH=workflow/scripts $(BIN)/python -m rbcflow.reproduction.fingerprints \
		$(foreach scale,$(SCALES),$(scale)=results/expected/$(scale)/tables/fingerprints.csv)

# requirements.lock, anew from requirements.in; requirements-uv.lock, the same of uv itself: `make lock UV=<version>` takes another one; and
# requirements-validator.lock: the tests' validator of RO-Crates, and the last rocrate that has the context of RO-Crate 1.1
UV ?= $(shell sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements-uv.lock)
COMPILE = $(VENV)-lock/bin/uv pip compile --quiet --upgrade --generate-hashes --python-version 3.11 \
	--python-platform x86_64-manylinux_2_28 --custom-compile-command "make lock"
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet uv==$(UV)
	$(COMPILE) requirements.in --output-file requirements.lock
	echo "uv==$(UV)" | $(COMPILE) --no-annotate - --output-file requirements-uv.lock
	printf 'roc-validator==0.13.*\nrocrate==0.13.0\n' | $(COMPILE) --no-annotate - --output-file requirements-validator.lock
	rm -rf $(VENV)-lock

# the checkpoint the embedded default starts from, trained by this workflow on simulated cells
starter: $(READY)
	$(BIN)/snakemake --cores $(CORES) package_starter --configfile config/starter.yaml
	cp results/starter-build/starter/* resources/starter/

# the report that the README links, small enough to be kept here, from the results of `make report`
example: $(READY)
	$(BIN)/python docs/example/make.py

# the checkpoint for recordings nobody trained it on, and how it does beside the starter
universal: $(READY)
	$(BIN)/snakemake --cores $(CORES) --resources gpu=2 --configfile config/universal.yaml -- package_universal
	mkdir -p resources/universal && cp results/universal-build/universal/* resources/universal/
	@echo "resources/weights.yaml must have this sum:"; sha256sum resources/universal/*.pt

# what each ingredient of the variant `universal` does, and each source of cells: dozens of short trainings, three seeds each, two at a
# time; and each of the three trainings behind the shipped detector by itself. Broken off and started again, each goes on where it was
ablation: REFERENCE := whole
laboratories: REFERENCE := all_sources
seeds: REFERENCE := universal
ablation laboratories seeds: $(READY)
	PYTHONPATH=workflow/scripts $(BIN)/python -m rbcflow.config.protocol $@ results/$@-tables
	$(BIN)/snakemake --cores $(CORES) --resources gpu=2 --configfile results/$@-tables/config.yaml \
		-- results/$@-build/tables/$(REFERENCE)-seeds.csv
	mkdir -p resources/universal && cp results/$@-build/tables/*-seeds.csv resources/universal/$@.csv

# the README's pictures, from the results of `make report`
images: $(READY) chromium
	$(BIN)/python docs/images/make.py

# known vulnerabilities of the locked packages; needs the network, and says so where the service does not answer
audit:
	$(PYTHON) -m venv --clear $(VENV)-audit
	$(VENV)-audit/bin/python -m pip install --quiet pip-audit==2.10.1
	$(VENV)-audit/bin/python .ci/audit.py requirements.lock; status=$$?; rm -rf $(VENV)-audit; exit $$status

clean:
	rm -rf results .snakemake
