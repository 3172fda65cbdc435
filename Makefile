# For developers; users need only ./run and ./test.
.PHONY: setup spark lint types arch bench growth numbers quick real-size docs screenshots test chaos api wheel wheelhouse bare-machine release constraints
bin := .venv/bin
ours := cutover runbooks monitors paper_capture contingency flows

setup:  ## .venv with everything the tests need
	@./test --version

spark:  ## pyspark and a Java runtime, for the tests that compare on a local Spark
	scripts/spark.sh

lint:
	$(bin)/ruff check
	$(bin)/ruff format --check

types:
	$(bin)/mypy

audit:  ## known mistakes in our code, known weaknesses in what we use; the latter needs the network
	$(bin)/bandit --quiet --configfile pyproject.toml --recursive $(ours)
	scripts/audit.sh

arch:  ## who may import whom
	$(bin)/lint-imports --no-logo

test:
	./test

chaos:  ## killed at seeded moments, resumed, nothing done twice; then a live run on PostgreSQL in bad weather
	$(bin)/python -m benchmarks.chaos $(ARGS)
	$(bin)/python -m benchmarks.chaos_live $(ARGS)

api:  ## what programs may send, other examples each time: schemathesis against the served application
	API_EXAMPLES=$${EXAMPLES:-100} API_SEED=$$(date +%s) ./test -n 0 tests/cutover/app/test_api_fuzzed.py

bench:  ## every figure at its full size with its peers, hours of a core; ARGS="run NAME…" or ARGS=list
	$(bin)/python -m benchmarks $(or $(ARGS),run --all)

growth:  ## how costs grow with size, for the drawings; ARGS=NAME… for some
	$(bin)/python -m benchmarks grow $(ARGS)

numbers:  ## the one table and the drawings again, from what was measured last
	$(bin)/python -m benchmarks table

quick:  ## a few ratios at a small size, beside their limits and peers
	$(bin)/python -m benchmarks.quick $(ARGS)

real-size:  ## one rehearsal at the real size: 2,000 tasks, 60 stations, 4,000 sheets, 250 monitors, 25 million records
	$(bin)/python -m benchmarks.real_size $(ARGS)

docs:  ## write the reference from the code, build the site (build/site opens from a disk), run the documentation's tests
	$(bin)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(bin)/mkdocs build --strict --quiet
	./test tests/docs

screenshots:  ## the pictures of the documentation, from the demo as it is played: five minutes, needs Chromium
	PYTHONPATH=. $(bin)/python docs/screenshots.py $(ARGS)

wheel:
	scripts/wheel_smoke.sh

wheelhouse:  ## everything for a machine without a network, in dist/wheelhouse; ARGS=--prove installs it where none is
	scripts/wheelhouse.sh $(ARGS)

bare-machine:  ## ./run in a chroot with nothing but Python, its seconds and megabytes; needs root and debootstrap
	scripts/bare_machine.sh $(ARGS)

release:  ## wheel and sdist (built twice, the same), SBOM, licences, in dist/
	scripts/release.sh

constraints:  ## pins for every platform; never a registry's address in them
	uv pip compile pyproject.toml --all-extras --group dev --group release --group spark --group audit --universal --no-annotate --no-header --no-emit-index-url \
	  --upgrade --output-file constraints.txt
