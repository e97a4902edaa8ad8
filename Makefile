# make demo    sets up all it needs and shows the echo example from start to stop
# make test    sets up all it needs and runs every check and every test; as root, on a real systemd too
# make lint    only the checks
# make bench   measures start-up, trees, echo, timers, live control and Twisted's applications against their limits; as root, restarts under load and packages, too
# make clean   removes what these made inside the repository

# Debian's own, since a Python below a home folder cannot be run by the unprivileged user that describes applications.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
# Tests wait for processes most of the time, so there are more workers than cores.
WORKERS ?= 4
VENV := .venv
BIN := $(VENV)/bin
ROOT := $(filter 0,$(shell id -u))

# Each of them makes ahead what tests find ready.
TREES := tests.debian.own_trees tests.systemd.trees tests.systemd.twisted_environment tests.systemd.equipped tests.debian.trees tests.debian.rebuilding tests.windows.embedded tests.windows.wine

# What the tests call that a minimal Debian lacks: command, then the package it is in.
TOOLS := mmdebstrap:mmdebstrap systemd-nspawn:systemd-container systemd-analyze:systemd nsenter:util-linux \
	setpriv:util-linux unshare:util-linux openssl:openssl socat:socat ncat:ncat dig:bind9-dnsutils curl:curl ip:iproute2 dot:graphviz strace:strace mount:mount \
	strip:binutils dpkg-shlibdeps:dpkg-dev cc:gcc groff:groff-base shellcheck:shellcheck gpg:gpg gpgv:gpgv gpgconf:gpgconf gpg-agent:gpg-agent wine:wine \
	x86_64-w64-mingw32-gcc:gcc-mingw-w64-x86-64-win32 wixl:wixl msiinfo:msitools
missing = $(sort \
	$(foreach pair,$(TOOLS),$(if $(shell command -v $(word 1,$(subst :, ,$(pair)))),,$(word 2,$(subst :, ,$(pair))))) \
	$(if $(wildcard /usr/lib/python3/dist-packages/systemd/journal.py),,python3-systemd) \
	$(if $(wildcard /usr/include/stdio.h),,libc6-dev) \
	$(if $(wildcard /usr/lib/*-linux-gnu/libncurses.so.6),,libncurses6))

# $(call apt-install,PACKAGES): a mirror that fails is asked again.
apt-install = for pause in 5 20 0; do \
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $(1) && exit 0; \
	sleep $$pause; \
	done; echo "could not install: $(1)" >&2; exit 1

.PHONY: demo test lint ruff mypy imports bench setup host-packages trees $(TREES) compile prepare clean

demo: setup
	$(BIN)/python examples/demo.py

# The checks and the building of the trees use different parts of the machine, so they run side by side.
test: setup host-packages
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target prepare
	$(BIN)/pytest --numprocesses=$(WORKERS) --dist=worksteal $(PYTEST_ARGS)

bench: setup
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/help.py
	$(BIN)/python benchmarks/tree.py
	$(BIN)/python benchmarks/echo.py
	$(BIN)/python benchmarks/timers.py
	$(BIN)/python benchmarks/control.py
	$(BIN)/python benchmarks/twisted.py
ifneq ($(ROOT),)
	$(BIN)/python -m benchmarks.restart
	$(BIN)/python -m benchmarks.deb
endif

prepare: trees lint compile

lint: ruff mypy imports

ruff: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

mypy: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

ifneq ($(ROOT),)
trees: $(TREES)
else
trees:
	@echo "not root: the tests that boot a systemd or install packages are skipped"
endif

$(TREES): setup
	$(BIN)/python -m $@

# Once for all workers and the processes that they start, whatever the caller's variables say; a mistake shows later.
# pytest keeps what it has compiled of a plug-in's package to itself, so svcctl is compiled for everybody else, too.
compile: setup
	@$(BIN)/python -m compileall -qq src
	-@env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest --collect-only -qq >/dev/null

host-packages:
ifneq ($(ROOT),)
	@$(if $(strip $(missing)),$(call apt-install,$(missing)))
endif

setup: $(VENV)/ready

# A Debian without python3-venv makes an environment that lacks pip, and says so.
$(VENV)/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ test -n "$(ROOT)" || { echo "python3-venv is missing: apt-get install python3-venv" >&2; exit 1; }; \
		( $(call apt-install,python3-venv) ); }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --retries 5 --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install -qq --retries 5 --group test --editable '.[crypto,web]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
