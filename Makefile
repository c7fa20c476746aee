# SPDX-License-Identifier: Apache-2.0
# Penstock. `make` alone lists the targets.

SHELL := /bin/bash
CONFIGURATION := Release
RID := linux-$(patsubst x86_64,x64,$(patsubst aarch64,arm64,$(shell uname -m)))
SOURCES := $(shell find src -type d \( -name bin -o -name obj \) -prune -o -type f -print) \
	Directory.Build.props Directory.Packages.props global.json

export DOTNET_CLI_TELEMETRY_OPTOUT = 1
export DOTNET_NOLOGO = 1
export DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE = 1

BPF_OBJECTS := $(patsubst bpf/%.c,out/bpf/%.o,$(wildcard bpf/*.bpf.c))
BPF_SOURCES := bpf/build-id bpf/compile $(wildcard bpf/*.bpf.c bpf/include/*.h)

.PHONY: help deps bpf build deb rpm reproduce test test-kubernetes test-package lint demo perf perf-micro perf-l4 perf-l7 perf-relays perf-vrrp perf-bgp perf-process perf-floods fuzz clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 17

deps: ## install the Debian packages that tests, demo and benchmarks use, where missing
	@.ci/deps

build: bpf out/penstock ## leave the self-contained binary at out/penstock, the programs for the kernel in out/bpf

bpf: $(BPF_OBJECTS) ## compile what runs in the kernel into out/bpf

# Each carries the id of all sources (bpf/build-id).
out/bpf/%.o: bpf/%.c $(BPF_SOURCES)
	@.ci/deps build
	@mkdir -p $(@D)
	@bpf/compile $< $@

# It carries the id too, and loads no others.
out/penstock: $(SOURCES) $(BPF_OBJECTS)
	@echo "publishing out/penstock ($(RID)); about a minute"
	@dotnet publish src/Penstock.Daemon -c $(CONFIGURATION) -r $(RID) --self-contained -o out -v q \
		-p:PublishSingleFile=true -p:PublishReadyToRun=true -p:DebugType=embedded -p:PublishDocumentationFiles=false -p:PublishReferencesDocumentationFiles=false
	@touch $@

deb: build ## a Debian package in out/: out/penstock_VERSION_ARCHITECTURE.deb
	@packaging/deb/build

rpm: build ## an RPM package in out/: out/penstock-VERSION-1.ARCHITECTURE.rpm (rpmbuild)
	@packaging/rpm/build

reproduce: ## build the last commit twice, in two folders, and compare every byte of the program and both packages; five minutes
	@packaging/reproduce

test: deps build ## build everything and run all tests
	@CONFIGURATION=$(CONFIGURATION) .ci/test

test-kubernetes: deps build ## discovery against a real kube-apiserver with etcd, kubectl and nginx as gateways (root); five minutes, the first time ten more to build the API server
	@tests/Kubernetes/run $(ARGS)

test-package: deps build ## the Debian package's whole life in a Debian that is booted in a virtual machine: installed, reloaded, upgraded, killed, removed, purged, by engine xdp and ipvs (root, QEMU); seven minutes
	@tests/Systemd/package -v out/penstock

lint: build ## what CI enforces: warnings, format, dependency edges, file sizes
	@dotnet build Appliance.sln -c $(CONFIGURATION) -v q -clp:NoSummary
	@dotnet format Appliance.sln --verify-no-changes --no-restore
	@dotnet test tests/Penstock.Tidy.Tests -c $(CONFIGURATION) --no-build -v q
	@echo "lint: clean"

demo: deps build ## the main jobs in under a minute: balance, lose an origin, reload, lose the daemon, fail nothing
	@demo/demo.sh

perf: ## all benchmarks, and a failure where one misses a goal
	@$(MAKE) --keep-going --no-print-directory perf-micro perf-l4 perf-l7 perf-relays perf-vrrp perf-bgp perf-process perf-floods

perf-micro: ## the codec and discovery by themselves, by BenchmarkDotNet, and a failure where a goal is missed
	@dotnet run -c $(CONFIGURATION) --project perf/micro $(if $(ARGS),-- $(ARGS))

perf-l4: deps bpf $(if $(findstring --,$(ARGS)),build) ## the XDP program: nanoseconds a packet, and a failure where a goal is missed (root); ARGS=--guest: XDP against IPVS in a virtual machine, five minutes; ARGS=--userspace: engine userspace beside haproxy and nginx
	@bpf/compile perf/l4/fresh.bpf.c out/bpf/fresh.bpf.o
	@dotnet run -c $(CONFIGURATION) --project perf/l4 $(if $(ARGS),-- $(ARGS))

perf-l7: deps build ## the HTTP tier against nginx and haproxy, and a failure where a goal is missed; about fifty minutes (ARGS=--quick: a minute; ARGS="--rows protocols": TLS, HTTP/2, gRPC and WebSockets)
	@status=0; perf/l7/run.sh $(ARGS) || status=1; python3 perf/readme.py l7-protocols || status=1; exit $$status

perf-relays: deps ## what a relay's ways to move bytes cost: copies, splice, sockmap (root); ten minutes (ARGS="--rounds 1": two)
	@mkdir -p out/perf && clang -O2 -Wall -Wextra -Werror -o out/perf/relay perf/l7/relays/relay.c -lbpf && bpf/compile perf/l7/relays/redirect.bpf.c out/perf/redirect.bpf.o
	@perf/l7/relays/relays.py $(ARGS)

perf-vrrp: deps build ## what a client sees of a fail-over, and which flows go on, between network namespaces (root); fifteen minutes (ARGS="--runs 1": three)
	@status=0; python3 perf/vrrp/drill.py --write perf/results $(ARGS) || status=1; python3 perf/vrrp/flows.py --write perf/results || status=1; python3 perf/readme.py vrrp vrrp-flows || status=1; exit $$status

perf-bgp: deps build ## three hosts that announce one address, of which one goes, between network namespaces (root); fifteen minutes (ARGS="--runs 1": five)
	@status=0; python3 perf/bgp/drill.py --write perf/results $(ARGS) || status=1; python3 perf/readme.py bgp || status=1; exit $$status

perf-process: deps build ## what a second process would cost: memory, start, reload of the tiers in one daemon and in two, in a network namespace (root); five minutes
	@python3 perf/process/process.py --write perf/results $(ARGS)

perf-floods: deps ## processor time and memory that floods of HTTP/2 cost before they end; a minute
	@python3 perf/l7/floods.py --write perf/results $(ARGS)

fuzz: ## fuzz the HTTP codec for a minute (SECONDS=3600: an hour)
	@dotnet run -c $(CONFIGURATION) --project tests/Penstock.Fuzz -- --seconds $(or $(SECONDS),60)

clean: ## remove everything that was built
	@rm -rf out
	@find src tests -type d \( -name bin -o -name obj -o -name TestResults \) -prune -exec rm -rf {} +
