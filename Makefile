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
TOOLS := $(CACHE)/tools-$(shell { echo $(PYTHON_VERSION); cat tests/tools/*.txt; } | sha256sum | cut -c1-12)
BUILD := $(CURDIR)/.build
TARBALL := $(BUILD)/nodeops-flexvolume-$(shell sed -n 's/^version: //p' galaxy.yml).tar.gz
STAGED := tests/tools/staged

export PATH := $(TOOLS)/controller/bin:$(TOOLS)/pythons:$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
export MOLECULE_COMMAND_BORDERS := false

.PHONY: help
help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: tools
tools: ## the pinned tools, installed once into the cache
	@tests/tools/install $(TOOLS) $(PYTHON) >&2

.PHONY: env
env: tools ## what puts the tools on a shell's PATH: eval "$(make env)"
	@echo 'export PATH=$(TOOLS)/controller/bin:$(TOOLS)/pythons:$$PATH'

.PHONY: lock
lock: ## new pins in tests/tools/*.txt
	tests/tools/lock $(PYTHON)

.PHONY: demo
demo: install ## three nodes, the driver deployed on them, and a look around
	ANSIBLE_COLLECTIONS_PATH=$(BUILD) tests/demo/demo

.PHONY: test
test: ## everything below, one after the other, with a summary
	@tests/tools/phases lint package sanity units driver-tests conformance-tests security-tests integration molecule releases

# --- lint ---------------------------------------------------------------------------------------------------------------------------------

.PHONY: lint ansible-lint ruff mypy vermin shellcheck docs docs-site changelog licenses
lint: ansible-lint ruff mypy vermin shellcheck docs docs-site changelog licenses ## every static check

ansible-lint: tools
	$(STAGED) ansible-lint

ruff: tools
	ruff check --no-cache --output-format concise

mypy: tools
	$(STAGED) bash -c 'cd ../../.. && mypy --config-file $(CURDIR)/mypy.ini --cache-dir $(TOOLS)/mypy ansible_collections/nodeops/flexvolume/{files,plugins,tests/nodes}'

vermin: tools ## code for nodes runs on Python 3.6, code for controllers on 3.10
	vermin --quiet --no-tips --violations --eval-annotations --target=3.6- files plugins/modules plugins/module_utils plugins/doc_fragments
	vermin --quiet --no-tips --violations --eval-annotations --target=3.10- plugins

shellcheck: tools
	git grep --untracked -lE '^#!.*\<(ba)?sh$$' | xargs shellcheck

docs: tools
	$(STAGED) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all --disallow-unknown-collection-refs .

docs-site: tools ## the documentation as a web site in .build/docs
	$(STAGED) $(CURDIR)/tests/tools/docs-site $(BUILD)/docs

changelog: tools
	$(STAGED) antsibull-changelog lint

licenses: # every file names its licence, but for those that cannot, that are empty, or that are generated
	! git grep --untracked -L 'SPDX-License-Identifier: GPL-3.0-or-later' -- . ':!COPYING' ':!plugins/module_utils/*/__init__.py' ':!CHANGELOG.*' ':!changelogs/changelog.yaml' ':!tests/sanity/ignore-*.txt'

# --- the collection as Galaxy's users get it ------------------------------------------------------------------------------------------------

.PHONY: build install package
build: tools
	$(STAGED) ansible-galaxy collection build --force --output-path $(BUILD)

install: build
	ANSIBLE_COLLECTIONS_PATH=$(BUILD) ansible-galaxy collection install --offline --force $(TARBALL)

package: install ## the tarball, installed, and accepted by Galaxy's own check
	tests/tools/galaxy-importer $(TOOLS)/importer/bin/python $(TARBALL)

# --- tests ----------------------------------------------------------------------------------------------------------------------------------

.PHONY: sanity units controller-units node-units driver-tests conformance-tests security-tests integration molecule
sanity: tools ## ansible-test sanity
	HOME=$(TOOLS)/home $(STAGED) ansible-test sanity $(T)

units: controller-units node-units ## unit tests, those of node code on the oldest Python to be had as well

controller-units: tools
	HOME=$(TOOLS)/home $(STAGED) ansible-test units --python $(PYTHON_VERSION) $(T)

node-units: tools
	$(STAGED) $(CURDIR)/tests/tools/node-units $(TOOLS)/node $(T)

driver-tests: tools ## the driver on real mounts, run as the kubelet runs it
	$(STAGED) pytest -p no:cacheprovider tests/driver $(T)

conformance-tests: tools ## the conformance checks on drivers with every known defect
	$(STAGED) pytest -p no:cacheprovider tests/conformance $(T)

security-tests: tools ## what attackers want of a node
	$(STAGED) pytest -p no:cacheprovider tests/security $(T)

integration: tools ## the modules against a node over SSH
	HOME=$(TOOLS)/home $(STAGED) tests/tools/integration $(PYTHON_VERSION) $(T)

molecule: install ## the installed collection on real nodes: check mode, converge, idempotence, verify, remove
	ANSIBLE_COLLECTIONS_PATH=$(BUILD) molecule test $(or $(T),--all)

.PHONY: releases oldest-ansible newest-ansible oldest-debian
releases: oldest-ansible newest-ansible oldest-debian ## the default scenario with older and newer releases of Ansible, Python and Debian

DEFAULT_SCENARIO := ANSIBLE_COLLECTIONS_PATH=$(BUILD) molecule test -s default

oldest-ansible: install # on nodes with the oldest Python that is supported, if pyenv has it
	@[[ -e $(TOOLS)/pythons/python3.6 ]] || echo '$@: pyenv has no python3.6, so the nodes run their own Python'
	PATH=$(TOOLS)/oldest/bin:$$PATH NODE_PYTHON=$$(realpath -qe $(TOOLS)/pythons/python3.6 || true) $(DEFAULT_SCENARIO)

newest-ansible: install
	@if [[ -d $(TOOLS)/newest ]]; then PATH=$(TOOLS)/newest/bin:$$PATH NODE_SUITE=trixie $(DEFAULT_SCENARIO); \
	else echo '$@: not run: it needs Python 3.12 or 3.13, and neither is on PATH or in pyenv'; fi

oldest-debian: install
	NODE_SUITE=bullseye $(DEFAULT_SCENARIO)

# --- longer than a test may take --------------------------------------------------------------------------------------------------------------

.PHONY: soak bench
soak: install ## the driver and the kubelet, at full counts
	SOAK=1 $(STAGED) pytest -p no:cacheprovider tests/driver
	SOAK=1 $(STAGED) pytest -p no:cacheprovider tests/security
	SOAK=1 ANSIBLE_COLLECTIONS_PATH=$(BUILD) molecule test -s kubelet

bench: install ## what a deploy costs, beside a plain role, written to docs/docsite/rst/speed.rst; QUICK=1 for a look that writes nothing
	ANSIBLE_COLLECTIONS_PATH=$(BUILD) python3 tests/bench $(if $(QUICK),--quick)
