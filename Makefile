# The commands of this project. `make test` needs nothing but Rust, and root or sudo to install Redis, Node.js and Python.

.PHONY: run test model soak hunt ablate load bench check fmt clippy doc deny image sbom deploy-check deploy-test rehearse pipeline

run: ## Serves the default application at http://127.0.0.1:8080
	cargo run --release --locked

test: ## All tests; installs, starts and stops the servers they need
	scripts/test.sh

model: ## Every order of steps of the cache's protocol, in models of it; needs Python 3
	set -e; for model in cache follow counts expiry; do python3 -B docs/model/$$model.py; done

soak: ## Clients that judge every answer while faults go on; SECONDS=600 for each class, PAIRS=1000000 at least, SEED=7, CLASS=everything for one
	OPONN_TEST_SECONDS=$(or $(SECONDS),60) OPONN_TEST_PAIRS=$(or $(PAIRS),0) OPONN_TEST_SEED=$(or $(SEED),1) scripts/with-servers.sh \
	  cargo test --locked --release --test history -- $(CLASS)

hunt: ## Viewers under random rules of access who look for leaks; ROUNDS=12 judges a million documents, SEED=7
	OPONN_TEST_ROUNDS=$(or $(ROUNDS),12) OPONN_TEST_SEED=$(or $(SEED),1) scripts/with-servers.sh \
	  cargo test --locked --release --test it -- access::hunt --nocapture

ablate: ## The soak without one mechanism at a time, which has to be found out; MECHANISM=voucher for one
	scripts/with-servers.sh cargo test --locked --test history -- --ablations $(MECHANISM)

load: ## A short run of all load tests; SCRIPT=mixed runs one of k6/ whole, k6/README.md has the settings
	scripts/load.sh $(SCRIPT)

bench: ## Side by side with other servers, results in bench/results; bench/README.md explains it
	bench/run.sh

check: fmt clippy doc deny ## What needs no server

fmt:
	cargo fmt --all --check

clippy:
	cargo clippy --locked --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --locked --no-deps --document-private-items

deny:
	scripts/deny.sh

deploy-check: ## infra/ and the workflows, without running them: Terraform's tests, the Helm chart rendered, compose, actionlint
	scripts/deploy-check.sh

deploy-test: ## infra/aws applied to an AWS that is imitated on this machine, a second time, and destroyed; some minutes
	scripts/deploy-test.sh

rehearse: ## A rolling deployment, a scale-in and a rollback behind HAProxy, under a load that judges every answer
	scripts/rehearse.sh

pipeline: ## What the pipeline of infra/aws does, in its order on this machine: the checks, the image, a deployment under load
	.ci/run
	scripts/image.sh $(BIN)
	scripts/rehearse.sh

image: ## The image without Docker, as an archive in target/image; needs umoci. BIN=/path/to/oponn for a program that is built
	scripts/image.sh $(BIN)

sbom: ## The crates of the program in CycloneDX: target/oponn.cdx.json
	scripts/sbom.sh target/oponn.cdx.json
