# Two commands: `make start` captions what you drop, `make test` checks everything.

PORT ?= 7071
AZURITE_PORT ?= 10000
PYTHON := .venv/bin/python
# Every file pins the same versions: those that the tests ran with.
COMPILE := $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.13 \
	--generate-hashes --custom-compile-command 'make lock' $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help start test lint training azureml lock benchmark clean

help:
	@echo 'make start     run the app here, with storage and sample photographs'
	@echo '               (PORT=7071, AZURITE_PORT=10000; VERBOSE=1 adds the host'"'"'s log)'
	@echo 'make test      check everything'
	@echo 'make lint      check style, types and imports only'
	@echo 'make training  install what .venv/bin/python -m training needs'
	@echo 'make azureml   the same, and what sends it to Azure Machine Learning'
	@echo 'make lock      pin the requirements anew (ARGS=--upgrade takes newer versions)'
	@echo 'make benchmark measure speed, on a quiet machine (ARGS="--again" for what is measured already)'
	@echo 'make clean     remove what these made, the local storage account included, but no settings'

start:
	@sh scripts/python.sh -m scripts.environment local
	@exec $(PYTHON) -m scripts.start --port $(PORT) --azurite-port $(AZURITE_PORT) \
		$(if $(VERBOSE),--verbose)

test: lint
	@$(PYTHON) -m scripts.system
	$(PYTHON) -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile

lint:
	@sh scripts/python.sh -m scripts.environment dev
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	.venv/bin/lint-imports --no-logo
	$(PYTHON) -m scripts.web check

training:
	@sh scripts/python.sh -m scripts.environment training

azureml:
	@sh scripts/python.sh -m scripts.environment azureml

lock:
	@sh scripts/python.sh -m scripts.environment dev
	$(COMPILE) pyproject.toml --extra cli --extra training --extra azureml --group dev -o requirements-dev.txt
	$(COMPILE) pyproject.toml -c requirements-dev.txt -o requirements.txt
	$(COMPILE) pyproject.toml -c requirements-dev.txt --extra cli --group local -o requirements-local.txt
	$(COMPILE) pyproject.toml -c requirements-dev.txt --extra cli --extra training -o requirements-training.txt
	$(COMPILE) pyproject.toml -c requirements-dev.txt --extra cli --extra training --extra azureml -o requirements-azureml.txt
	$(COMPILE) --group node -o requirements-node.txt

benchmark:
	@sh scripts/python.sh -m scripts.environment dev
	$(PYTHON) -m benchmarks.suite $(ARGS)
	$(PYTHON) -m scripts.docs --write

clean:
	rm -rf .venv .venv-peers .azurite tools/*/node_modules
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
