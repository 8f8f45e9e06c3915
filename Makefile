.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

$(BIN)/hubgauge: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	$(BIN)/python -m compileall -q estimator ingest bot
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/hubgauge
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	$(BIN)/python -m compileall -q estimator ingest bot
	@touch $@

ask: $(BIN)/hubgauge ## answer one question: make ask Q="deepseek-v3 on 8×H100 FP8 at 32K"
	@$(BIN)/hubgauge "$(Q)"

setup: $(VENV)/.test ## make .venv with everything the tests need

test: $(VENV)/.test ## run the tests
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.test ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.test ## let ruff mend and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(VENV)/.test ## build the wheel, install it in an empty environment and ask it a question
	$(BIN)/python -m build --wheel --outdir dist
	rm -rf build/wheel-env && $(PYTHON) -m venv build/wheel-env
	build/wheel-env/bin/pip install --quiet --disable-pip-version-check dist/hubgauge-*.whl
	cd build && HF_HUB_OFFLINE=1 wheel-env/bin/hubgauge "llama-3.1-8b on 1xH100 at 8K"

bench: $(VENV)/.test ## time what must be fast, each against a floor of the same run
	$(BIN)/python -m tests.bench

fuzz: $(VENV)/.test ## read 200,000 spoilt configs: each is a spec or an explained refusal
	$(BIN)/python -m tests.fuzz

fuzz-questions: $(VENV)/.test ## read 100,000 spoilt questions: each is read or refused, soon
	$(BIN)/python -m tests.fuzz.questions

fuzz-api: $(VENV)/.test ## ask the API 10,000 cases of its own description: no 5xx, nothing undescribed
	HUBGAUGE_API_CASES=10000 $(BIN)/python -m pytest -q -s tests/bot/http/test_fuzzed_api.py

load: $(VENV)/.test ## 200 requests a second, and Slack's events, against a server on one core: p50, p99, beside floors
	$(BIN)/python -m tests.bench.load
	$(BIN)/python -m tests.bench.slack_load

kill: $(VENV)/.test ## 300 releases and 10,000 questions while watchers and replicas are killed at random: none is lost or told twice
	HUBGAUGE_KILL_RELEASES=300 $(BIN)/python -m pytest -s tests/bot/watch/test_kill.py
	HUBGAUGE_KILL_QUESTIONS=10000 $(BIN)/python -m pytest -n 0 -s tests/bot/slack/test_kills.py

roll: $(VENV)/.test ## replace both of two replicas ten times under load: no request and no message is lost
	HUBGAUGE_ROLLOUTS=10 $(BIN)/python -m pytest -s tests/deploy/test_rolling_restart.py

CORPUS ?= ../shared
validate: $(VENV)/.test ## write docs/accuracy.md from the measured runs of the corpus (CORPUS=../shared)
	$(BIN)/python -m tests.validation.accuracy $(CORPUS)

pictures: $(VENV)/.test ## draw docs/pictures anew from the blocks that Slack is sent (needs npm and Chromium)
	$(BIN)/python -m tests.pictures
	$(BIN)/python -m tests.pictures.page

pages: $(VENV)/.test ## write the pages of docs/ that come from tables
	$(BIN)/python -m bot.reference docs

docs: pages ## build the site into build/site; a broken link ends it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist

.PHONY: help ask setup test lint format wheel bench fuzz fuzz-questions fuzz-api load kill roll validate pictures pages docs clean
