# Short names for dev.py, which does the work: `make test ARGS="--mode pure -k parser"`.
PYTHON ?= python3

.PHONY: run test versions lint docs bench conformance
run test versions lint docs bench conformance:
	@$(PYTHON) dev.py $@ $(ARGS)
