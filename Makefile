# Two commands matter: `make demo` scores a small film, `make test` proves that it works.
# Each sets up everything it needs in .venv, from the package index alone.

ifeq ($(OS),Windows_NT)
BIN := Scripts
else
BIN := bin
endif

UV_VERSION := 0.13.8
TOOLS := .tools
UV := $(shell command -v uv 2>/dev/null || echo $(TOOLS)/$(BIN)/uv)
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { $$p -c 'import sys; print(sys.executable)'; break; }; done)
RUN := .venv/$(BIN)/python

export UV_PYTHON_DOWNLOADS := never

.PHONY: demo test check bench soak install engines clean

demo: install
	$(RUN) -m daemon.demo

test: engines
	$(RUN) -m pytest -n 2 --dist worksteal -m "not slow and not browser"

check: engines
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

bench: engines
	$(RUN) -m pytest -m "slow or browser"
	$(RUN) -m bench
	$(RUN) -m bench.daemon

# Two hundred kills over two hundred jobs of three clients, and whether every promise is held.
soak: engines
	$(RUN) -m bench.soak

# The program alone, without torch.
install: $(UV)
	"$(UV)" sync --quiet --frozen --inexact --python "$(PYTHON)"

# Everything: the neural engines' libraries and the tools of the tests.
engines: $(UV)
	"$(UV)" sync --quiet --frozen --all-extras --group dev --python "$(PYTHON)"

$(TOOLS)/$(BIN)/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 was not found. Install one of them and call make again." >&2; exit 1; }
	"$(PYTHON)" -m venv $(TOOLS)
	$(TOOLS)/$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

ifneq ($(UV),$(TOOLS)/$(BIN)/uv)
$(UV):
endif

clean:
	rm -rf .venv $(TOOLS) demo build dist
