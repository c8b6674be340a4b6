# Short names for dev.py, which does the work: `make test ARGS="--mode pure -k parser"`.
PYTHON ?= python3

MINUTES ?= 10

.PHONY: run test versions lint docs bench conformance fuzz
run test versions lint docs bench conformance:
	@$(PYTHON) dev.py $@ $(ARGS)
fuzz:
	@$(PYTHON) dev.py $@ --minutes $(MINUTES) $(ARGS)
