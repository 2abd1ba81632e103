# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# `make demo` shows the collection at work on three nodes, `make test` proves it; each phase of the test is a target of its own.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= /usr/bin/python3
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
# ansible-test gets a home of its own; the cache and pip's settings stay where they are.
export XDG_CACHE_HOME ?= $(HOME)/.cache
export XDG_CONFIG_HOME ?= $(HOME)/.config
CACHE := $(XDG_CACHE_HOME)/nodeops.flexvolume
TOOLS := $(CACHE)/tools-$(shell { echo $(PYTHON_VERSION); cat tests/tools/uv.lock tests/tools/node.txt; } | sha256sum | cut -c1-12)
BUILD := $(CURDIR)/.build
TARBALL := $(BUILD)/nodeops-flexvolume-$(shell sed -n 's/^version: //p' galaxy.yml).tar.gz
STAGED := tests/tools/staged

ifneq ($(words $(CURDIR)),1)
$(error make cannot have a space in a path: move this checkout, $(CURDIR), to one without)
endif

export PATH := $(TOOLS)/controller/bin:$(TOOLS)/pythons:$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
export ANSIBLE_HOME := $(CACHE)/ansible
export MOLECULE_COMMAND_BORDERS := false

.PHONY: help
help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

# Each core-N is an ansible-core of its own; the group controller has the one that everything else runs on.
CORES := core-2-16 core-2-17 core-2-18 core-2-20 core-2-21 core-2-22
OLDEST := core-2-16
NEWEST := core-2-21

.PHONY: tools importer builder workflows node $(CORES) core-devel
tools: ## the pinned tools, installed once into the cache
	@tests/tools/install $(TOOLS) $(PYTHON) controller >&2

importer builder workflows node $(CORES) core-devel: tools
	@tests/tools/install $(TOOLS) $(PYTHON) $@ >&2

.PHONY: clean purge
clean: ## removes what was built in this directory
	rm -rf $(BUILD) tests/output

purge: clean ## removes the cache too, unless nodes are up: what is left are Debian packages
	@[[ -z "$$(python3 tests/nodes list)" ]] || { echo 'These nodes are up; remove them first:'; python3 tests/nodes list; exit 1; }
	rm -rf $(CACHE)

.PHONY: env
env: tools ## the tools, and the collection that make install put into .build, for a shell: eval "$(make env)"
	@echo 'export PATH=$(TOOLS)/controller/bin:$(TOOLS)/pythons:$$PATH ANSIBLE_COLLECTIONS_PATH=$(BUILD)'

.PHONY: lock
lock: tools ## new pins in tests/tools/uv.lock
	tests/tools/lock $(CACHE)/uv-*/bin/uv
	tests/tools/versions write

.PHONY: root demo
root:
	@[[ $$EUID -eq 0 ]] || { echo 'This needs root, for mounts, namespaces and Debian packages: run it as root, for example by sudo.'; exit 1; }

demo: root install ## three nodes, the driver deployed on them, and a look around
	@ANSIBLE_COLLECTIONS_PATH=$(BUILD) tests/demo/demo

.PHONY: test
test: root ## everything below, with a summary; what only computes in the last list
	@tests/tools/phases molecule -- conformance-tests integration releases tarball-tests driver-tests security-tests -- lint package units sanity

# --- lint ---------------------------------------------------------------------------------------------------------------------------------

.PHONY: lint ansible-lint ruff mypy vermin shellcheck docs docs-site changelog licenses zizmor versions actionlint
lint: ansible-lint ruff mypy vermin shellcheck docs docs-site changelog licenses zizmor versions ## every static check

ansible-lint: tools
	$(STAGED) ansible-lint

ruff: tools
	ruff check --no-cache --output-format concise

mypy: tools
	$(STAGED) bash -c 'cd ../../.. && mypy --config-file $(CURDIR)/mypy.ini --cache-dir $(CACHE)/mypy ansible_collections/nodeops/flexvolume/{files,plugins,tests/nodes}'

vermin: tools ## code for nodes runs on Python 3.6, code for controllers on 3.10
	vermin --quiet --no-tips --violations --eval-annotations --target=3.6- files plugins/modules plugins/module_utils plugins/doc_fragments
	vermin --quiet --no-tips --violations --eval-annotations --target=3.10- plugins

shellcheck: tools
	git grep --untracked -lE '^#!.*\<(ba)?sh$$' -- . ':!*.py' | xargs shellcheck

# It makes a copy of its own. Beside that it must not find the staged one: it would write the path between them, whose random names may be links in RST.
docs: tools
	HOME=$(CACHE)/home $(STAGED) env --unset=ANSIBLE_COLLECTIONS_PATH \
	antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all --disallow-unknown-collection-refs .

docs-site: tools ## the documentation as a web site in .build/docs
	HOME=$(CACHE)/home $(STAGED) $(CURDIR)/tests/tools/docs-site $(BUILD)/docs

changelog: tools
	$(STAGED) antsibull-changelog lint

licenses: tools # every file names its licence and its holder, as REUSE has it
	reuse lint --quiet || { reuse lint; exit 1; }

versions: # README says what is tested
	tests/tools/versions check

zizmor: tools
	zizmor --quiet --offline --persona pedantic .github

actionlint: workflows # not among the others, as its program comes from the forge
	$(TOOLS)/workflows/bin/actionlint

# --- the collection as Galaxy's users get it ------------------------------------------------------------------------------------------------

.PHONY: build install package ee ee-image conformance-pyz
build: tools
	@mkdir -p $(BUILD) || { echo 'What is built goes into $(BUILD), which cannot be made: use a checkout that can be written to.'; exit 1; }
	@$(STAGED) bash -c 'cp --remove-destination files/* roles/driver/files/ && ansible-galaxy collection build --output-path .. && \
	cp ../*.tar.gz $(BUILD)/new.$$$$ && mv $(BUILD)/new.$$$$ $(TARBALL)'

# What is installed already stays, since a demo or a test may be running on it.
MANIFEST := tar --extract --to-stdout --file $(TARBALL) MANIFEST.json
install: build
	@exec 9>$(BUILD)/install.lock; flock 9; content=$$($(MANIFEST) | sha256sum); grep -qsxF "$$content" $(BUILD)/installed || { rm -f $(BUILD)/installed; \
	ANSIBLE_COLLECTIONS_PATH=$(BUILD) ansible-galaxy collection install --offline --force $(TARBALL) && echo "$$content" >$(BUILD)/installed; }

conformance-pyz: ## flexvolume-conformance.pyz, for the authors of drivers, the same byte for byte wherever it is built
	mkdir -p $(BUILD)
	$(PYTHON) plugins/plugin_utils/_zipapp.py _conformance.command_line:main $(BUILD)/flexvolume-conformance.pyz

# For the forge's release: VERSION is the tag's name.
.PHONY: release-files publish
release-files: package conformance-pyz ## what a release consists of, with its checksums, in .build/release
	@[[ '$(VERSION)' == "$$(sed -n 's/^version: //p' galaxy.yml)" ]] || { echo 'VERSION=$(VERSION) is not the version that galaxy.yml has'; exit 1; }
	@grep -q '<a id="v$(subst .,-,$(VERSION))">' CHANGELOG.md || { echo 'CHANGELOG.md knows no v$(VERSION): antsibull-changelog release'; exit 1; }
	rm -rf $(BUILD)/release && mkdir -p $(BUILD)/release
	cp $(TARBALL) $(BUILD)/flexvolume-conformance.pyz $(BUILD)/release/
	cd $(BUILD)/release && sha256sum * >SHA256SUMS

publish: tools
	cd $(BUILD)/release && sha256sum --check SHA256SUMS
	ansible-galaxy collection publish --token "$$GALAXY_TOKEN" $(BUILD)/release/nodeops-flexvolume-$(VERSION).tar.gz

package: install importer conformance-pyz ## the tarball, installed, and accepted by Galaxy's own check
	tests/tools/galaxy-importer $(TOOLS)/importer/bin/python $(TARBALL)

ee: build builder ## the build context of an execution environment, in .build/ee
	rm -rf $(BUILD)/ee && mkdir -p $(BUILD)/ee
	cp execution-environment.yml $(BUILD)/ee/ && cp $(TARBALL) $(BUILD)/ee/collection.tar.gz
	cd $(BUILD)/ee && $(TOOLS)/builder/bin/ansible-builder create --verbosity 2

ee-image: ee ## an image made of it, which deploys to a node; not part of make test
	tests/tools/ee-image $(BUILD)/ee/context

# --- tests ----------------------------------------------------------------------------------------------------------------------------------

# What a release of the collection has in it is tested as it is there, by one ansible-core or another.
UNPACKED := HOME=$(CACHE)/home tests/tools/unpacked $(TARBALL)

.PHONY: sanity units matrix
sanity: sanity-$(OLDEST) sanity-controller sanity-$(NEWEST) ## ansible-test sanity of the tarball, with the oldest, the usual and the newest ansible-core

units: units-$(OLDEST) controller-units units-$(NEWEST) node-units ## unit tests, likewise, and those of node code on the oldest Python to be had as well

matrix: $(CORES:%=sanity-%) sanity-controller $(CORES:%=units-%) controller-units ## sanity and units with every ansible-core that is promised

.PHONY: $(CORES:%=sanity-%) sanity-controller sanity-core-devel $(CORES:%=units-%) units-controller units-core-devel
$(CORES:%=sanity-%) sanity-controller sanity-core-devel: sanity-%: build %
	$(UNPACKED) tests/tools/ansible-test $(TOOLS)/$* sanity $(T)

$(CORES:%=units-%) units-controller units-core-devel: units-%: build %
	$(UNPACKED) tests/tools/ansible-test $(TOOLS)/$* units $(T)

.PHONY: controller-units node-units driver-tests conformance-tests security-tests tarball-tests integration controller
controller: tools

controller-units: tools
	HOME=$(CACHE)/home $(STAGED) ansible-test units --python $(PYTHON_VERSION) $(T)

node-units: node
	$(STAGED) $(CURDIR)/tests/tools/node-units $(TOOLS)/node $(T)

driver-tests: tools ## the driver on real mounts, run as the kubelet runs it
	$(STAGED) pytest -p no:cacheprovider tests/driver $(T)

conformance-tests: tools ## the conformance checks on drivers with every known defect
	$(STAGED) pytest -p no:cacheprovider tests/conformance $(T)

security-tests: tools ## what attackers want of a node
	$(STAGED) pytest -p no:cacheprovider tests/security $(T)

# The released version to come from and to go back to, as its commit builds it.
RELEASED := $(BUILD)/released/nodeops-flexvolume-0.1.0.tar.gz
$(RELEASED):
	rm -rf $(BUILD)/released && mkdir -p $(BUILD)/released/source
	git archive 6b06c5e | tar --extract --directory $(BUILD)/released/source
	cd $(BUILD)/released/source && ansible-galaxy collection build --output-path $(BUILD)/released

tarball-tests: build $(RELEASED) $(OLDEST) $(NEWEST) ## a day with the tarball: every example as it stands, without files/, from the released version and back
	TARBALL=$(TARBALL) RELEASED=$(RELEASED) CORES='$(wildcard $(TOOLS)/$(OLDEST) $(TOOLS)/$(NEWEST))' $(STAGED) pytest -p no:cacheprovider tests/tarball $(T)

integration: tools ## the modules against a node over SSH
	HOME=$(CACHE)/home $(STAGED) tests/tools/integration $(PYTHON_VERSION) $(T)

SCENARIOS := $(patsubst extensions/molecule/%/molecule.yml,%,$(wildcard extensions/molecule/*/molecule.yml))
.PHONY: molecule $(SCENARIOS:%=molecule-%)
molecule: $(SCENARIOS:%=molecule-%) ## the installed collection on real nodes: check mode, converge, idempotence, verify, remove; molecule-NAME for one scenario

# One node of each, as in a fleet that is being upgraded.
molecule-default: export NODE_SUITE ?= bookworm,bullseye,trixie
# What takes minutes is made before molecule, which shows nothing of a task that runs.
$(SCENARIOS:%=molecule-%): molecule-%: install
	@python3 tests/nodes prepare $(if $(filter joins kubelet,$*),kubelet,systemd)
	ANSIBLE_COLLECTIONS_PATH=$(BUILD) tests/tools/scenario $* $(T)

.PHONY: releases oldest-ansible newest-ansible
releases: oldest-ansible newest-ansible ## the default scenario with the oldest and the newest Ansible, Python and Debian or Ubuntu

DEFAULT_SCENARIO := ANSIBLE_COLLECTIONS_PATH=$(BUILD) tests/tools/scenario default

oldest-ansible: install $(OLDEST) # on Ubuntu 18.04, which has Python 3.6 and systemd 237; where that cannot be had, on a Python 3.6 of this machine
	@[[ -d $(TOOLS)/$(OLDEST) ]] || tests/tools/not-covered '$@: it needs Python 3.11 or 3.12: install one of them, or pyenv install 3.11'
	[[ ! -d $(TOOLS)/$(OLDEST) ]] || { \
	if NODE_SUITE=bionic python3 tests/nodes prepare systemd; then export NODE_SUITE=bionic; \
	else tests/tools/not-covered '$@: Ubuntu 18.04: see why its root could not be made'; export NODE_PYTHON=$$(realpath -qe $(TOOLS)/pythons/python3.6); fi; \
	PATH=$(TOOLS)/$(OLDEST)/bin:$$PATH $(DEFAULT_SCENARIO); }

newest-ansible: install $(NEWEST)
	@[[ -d $(TOOLS)/$(NEWEST) ]] || tests/tools/not-covered '$@: it needs Python 3.12 or 3.13: Debian 13 has the latter, or pyenv install 3.13'
	[[ ! -d $(TOOLS)/$(NEWEST) ]] || PATH=$(TOOLS)/$(NEWEST)/bin:$$PATH NODE_SUITE=trixie $(DEFAULT_SCENARIO)

# --- longer than a test may take --------------------------------------------------------------------------------------------------------------

.PHONY: page-tests monitoring-tests
page-tests: tools ## the doctor's page in a real Chromium, which is installed; SCREENSHOTS=DIRECTORY keeps pictures
	$(STAGED) tests/page/run $(CACHE)/page-$(shell cat tests/page/run tests/page/requirements.txt | sha256sum | cut -c1-12) $(T)

monitoring-tests: # the rules for alerts, by the promtool of Debian's package prometheus
	promtool check rules docs/monitoring/alerts.yml
	promtool test rules docs/monitoring/alerts_test.yml

.PHONY: soak fresh bench
soak: install ## the driver and the kubelet, at full counts
	SOAK=1 $(STAGED) pytest -p no:cacheprovider tests/driver
	SOAK=1 $(STAGED) pytest -p no:cacheprovider tests/security
	SOAK=1 $(MAKE) --keep-going molecule-kubelet molecule-joins

fresh: root ## the demo and the tests on a minimal Debian that is installed for it, booted, without D-Bus; for T=lint instead of the test, that
	python3 tests/fresh $(T)

bench: install ## what a deploy costs, beside a plain role, written to docs/docsite/rst/speed.rst; QUICK=1 for a look that writes nothing
	ANSIBLE_COLLECTIONS_PATH=$(BUILD) python3 tests/bench $(if $(QUICK),--quick)
