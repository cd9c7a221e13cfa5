# The PyPy plugin for uWSGI. `make help` lists the targets; everything that is made lands in build/.

VERSION := 0.1.0

# Change any of these on the command line: make UWSGI=/opt/uwsgi/bin/uwsgi
UWSGI  ?= $(shell command -v uwsgi-core || command -v uwsgi)
PYTHON ?= /usr/bin/python3
CFLAGS ?= -O2 -g -fstack-protector-strong
PORT   ?= 9090
JOBS   ?= $(shell nproc)
# tests wait more than they compute
TEST_JOBS ?= $(shell expr 2 '*' $(JOBS))
TESTS  ?= tests
ARGS   ?=

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

# One level of parallelism for everybody: a bare `make` uses all cores.
MAKEFLAGS += --no-print-directory --no-builtin-rules
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(JOBS)
endif

# `make V=1` shows the commands.
Q := $(if $(V),,@)

# ---- what is built, and how ------------------------------------------------------------------

# A variant (sanitizers, -Werror) is the same build with other CFLAGS in another OUT.
OUT    ?= build
PLUGIN := $(OUT)/pypy_plugin.so

# What is generated from the uWSGI at hand; a build for another uWSGI has its own.
GEN ?= build/gen

SOURCES := $(wildcard src/*.c src/*/*.c)
HEADERS := $(wildcard src/*.h src/*/*.h)
OBJECTS := $(SOURCES:src/%.c=$(OUT)/obj/%.o) $(OUT)/obj/gen/bridge.o $(OUT)/obj/gen/embedded.o

# The directories are in the list so that a removed module is noticed, too.
EMBEDDED := $(shell find python -name __pycache__ -prune -o \( -type d -o -name '*.py' \) -print)

# What the build knows about uWSGI: its header, its compiler flags, their fingerprint.
HOST      := $(GEN)/uwsgi.h $(GEN)/upp_host.h $(GEN)/host.flags
GENERATED := $(HOST) $(GEN)/bridge.c $(GEN)/embedded.c

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Werror=implicit-function-declaration

# llhttp comes as sources (src/http/llhttp*.c compile them) or, in newer releases, as a library.
LLHTTP_CFLAGS := -isystem /usr/share/include/llhttp -isystem /usr/share
LLHTTP_LIBS   := $(if $(wildcard /usr/share/llhttp/llhttp.c),,-lllhttp)

# -isystem: uwsgi.h would not survive our warnings. _GNU_SOURCE: it sets this, so all files have it.
UPP_CFLAGS  := -std=gnu11 -D_GNU_SOURCE= -fPIC -fvisibility=hidden $(WARNINGS) \
               -Isrc -isystem $(GEN) $(LLHTTP_CFLAGS)
UPP_LDFLAGS := -shared -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now

.PHONY: help all build objects profile generated run test lint format bench asan install clean FORCE

# uWSGI's own way to name a build: UWSGI_PROFILE=pypy make, UWSGI_BIN_NAME says where to.
all: $(if $(UWSGI_PROFILE),profile,build)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "make test TESTS=tests/test_x.py ARGS='-k name'   some tests only"
	@echo "make run PORT=9091                               another port"
	@echo "make UWSGI=/opt/uwsgi/bin/uwsgi                  build for another uWSGI"

build: $(PLUGIN) ## build the plugin for the uWSGI at hand (the default)

objects: $(OBJECTS)

$(PLUGIN): $(OBJECTS)
	@echo "  LD   $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(UPP_LDFLAGS) -o $@.new $(OBJECTS) $(LLHTTP_LIBS)
	$(Q)mv $@.new $@

# -MMD does not list system headers, and uwsgi.h is one here: hence $(HOST).
$(OBJECTS): $(HOST) Makefile

$(OUT)/obj/%.o: src/%.c
	@echo "  CC   $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(UPP_CFLAGS) @$(GEN)/host.flags -MMD -MP -c -o $@ $<

$(OUT)/obj/gen/%.o: $(GEN)/%.c
	@echo "  CC   $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(UPP_CFLAGS) -Itools/stub @$(GEN)/host.flags -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

generated: $(GENERATED)

# Asked for every time, written only when it differs: a uWSGI upgrade rebuilds all, nothing else does.
HOST_FROM ?= --uwsgi "$(UWSGI)"
$(HOST) &: FORCE
	@mkdir -p $(GEN)
	$(Q)$(PYTHON) tools/host.py $(HOST_FROM) --plugin-version $(VERSION) $(GEN)

# cffi comes with PyPy; without PyPy at build time, CPython's does as well.
CONTRACT := src/contract.h $(wildcard src/api/*.h)
$(GEN)/bridge.c: $(CONTRACT) tools/bridge.py
	@echo "  GEN  $@"
	@mkdir -p $(@D)
	$(Q)for python in pypy3 $(PYTHON) python3; do \
	    if $$python -c 'import cffi' 2>/dev/null; then exec $$python tools/bridge.py $@ $(CONTRACT); fi; \
	done; \
	echo "no Python with cffi found: install pypy3 or python3-cffi" >&2; exit 1

$(GEN)/embedded.c: $(EMBEDDED) tools/embed.py
	@echo "  GEN  $@"
	@mkdir -p $(@D)
	$(Q)$(PYTHON) tools/embed.py python $@

# ---- looking at configurations ------------------------------------------------------------------

.PHONY: check-config
check-config: ## what a configuration for the Python plugin means with this one (F=app.ini)
	@tools/packages.sh build run
	@$(MAKE) build >/dev/null
	@$(UWSGI) --plugin "$(CURDIR)/$(PLUGIN)" --pypy-check-config "$(or $(F),$(error say which: make check-config F=app.ini))"

# One binary, uWSGI's core and the plugin: docs/install.md.
profile:
	@tools/packages.sh build profile
	@tools/profile.sh "$(or $(UWSGI_PROFILE),pypy)" "$(or $(UWSGI_BIN_NAME),build/uwsgi)"

# ---- running and testing: these set up the machine first -------------------------------------

# loadfile: a file's tests share one server. What Python and pytest remember goes to build/, too.
PYTEST = PYTHONPYCACHEPREFIX="$(CURDIR)/build/pycache" UPP_UWSGI="$(UWSGI)" \
         $(PYTHON) -m pytest -q -n $(TEST_JOBS) --dist loadfile -o cache_dir="$(CURDIR)/build/pytest" \
         $(TESTS) $(ARGS)

run: ## serve examples/hello on http://127.0.0.1:9090 (PORT=...)
	@tools/packages.sh build run
	@$(MAKE) build
	@UWSGI="$(UWSGI)" tools/run.sh $(PLUGIN) $(PORT)

test: ## run the test suite (TESTS=..., ARGS=...)
	@tools/packages.sh build run test
	@$(MAKE) build
	@$(PYTEST)

# uWSGI and PyPy never free everything and PyPy handles its own SIGSEGV: only real errors remain.
asan: export ASAN_OPTIONS := detect_leaks=0:handle_segv=0:verify_asan_link_order=0:suppressions=$(CURDIR)/tools/asan.supp
asan: export UBSAN_OPTIONS := print_stacktrace=1:halt_on_error=1
asan: ## run the tests with a plugin built with ASan and UBSan
	@tools/packages.sh build run test
	@$(MAKE) build OUT=build/asan \
	    CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined"
	@UPP_PLUGIN="$(CURDIR)/build/asan/pypy_plugin.so" \
	    UPP_PRELOAD="$$($(CC) -print-file-name=libasan.so)" $(PYTEST) -m "not memory and not greenlets"

bench: ## compare with what else there is, side by side (ARGS=...)
	@tools/packages.sh build run bench
	@$(MAKE) build build/bench/epoll_server build/bench/packet_server
	@$(PYTHON) bench/run.py $(ARGS)

.PHONY: bench-api
bench-api: ## compare what calls of the module uwsgi cost with the Python plugin (ARGS=...)
	@tools/packages.sh build run bench
	@$(MAKE) build
	@$(PYTHON) bench/api.py $(ARGS)

.PHONY: bench-warm
bench-warm: ## warm workers against cold ones, collected garbage, memory (ARGS=--quick)
	@tools/packages.sh build run bench
	@$(MAKE) build
	@$(PYTHON) bench/warm.py $(ARGS)

build/bench/%: bench/%.c
	@echo "  CC   $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -std=gnu11 -D_GNU_SOURCE= $(WARNINGS) -o $@ $<

# ---- the parts that need neither uWSGI nor PyPy: tests/unit, fuzz -----------------------------

PURE_SOURCES := $(wildcard src/http/*.c) src/loop/strain.c src/names.c src/nursery.c src/request_check.c $(addprefix src/vm/,arena.c find.c maps.c pages.c)
PURE_CFLAGS  := -std=gnu11 -D_GNU_SOURCE= -g -fno-omit-frame-pointer $(WARNINGS) $(LLHTTP_CFLAGS) \
                -Isrc -Itests/unit -fsanitize=address,undefined -fno-sanitize-recover=all

UNIT_TESTS   := $(patsubst tests/unit/%.c,build/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_REPLAYS := $(patsubst fuzz/fuzz_%.c,build/unit/replay_%,$(wildcard fuzz/fuzz_*.c))
UNIT_OBJECTS := $(PURE_SOURCES:src/%.c=build/unit/obj/%.o) \
                $(patsubst tests/unit/%.c,build/unit/obj/unit/%.o,$(wildcard tests/unit/*.c)) \
                $(patsubst fuzz/%.c,build/unit/obj/fuzz/%.o,$(wildcard fuzz/*.c))
UNIT_COMMON  := $(filter-out $(foreach kind,test_ replay fuzz_,build/unit/obj/unit/$(kind)% \
                build/unit/obj/fuzz/$(kind)%),$(UNIT_OBJECTS))

.PHONY: unit unit-programs fuzz
unit: unit-programs ## run the C unit tests, without what `make test` needs
	@for program in $(UNIT_TESTS); do echo "$${program##*/}"; $$program; done

unit-programs: $(UNIT_TESTS) $(UNIT_REPLAYS)

$(UNIT_TESTS): build/unit/%: build/unit/obj/unit/%.o $(UNIT_COMMON)
	$(Q)$(CC) -fsanitize=address,undefined -o $@ $^ $(LLHTTP_LIBS)

$(UNIT_REPLAYS): build/unit/replay_%: build/unit/obj/fuzz/fuzz_%.o build/unit/obj/unit/replay.o $(UNIT_COMMON)
	$(Q)$(CC) -fsanitize=address,undefined -o $@ $^ $(LLHTTP_LIBS)

define compile-unit
	@echo "  CC   $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(PURE_CFLAGS) -O1 -MMD -MP -c -o $@ $<
endef
build/unit/obj/unit/%.o: tests/unit/%.c
	$(compile-unit)
build/unit/obj/fuzz/%.o: fuzz/%.c
	$(compile-unit)
build/unit/obj/%.o: src/%.c
	$(compile-unit)

$(UNIT_OBJECTS): Makefile
-include $(UNIT_OBJECTS:.o=.d)

T    ?= head
SECS ?= 60
fuzz: ## fuzz a part of src/http (T=head, chunked, packet or response; SECS=60)
	@tools/packages.sh fuzz
	@$(MAKE) build/fuzz/$(T)
	@$(PYTHON) fuzz/seeds.py build/fuzz
	@mkdir -p build/fuzz/corpus/$(T)
	@build/fuzz/$(T) -max_total_time=$(SECS) -timeout=5 -max_len=4096 -print_final_stats=1 \
	    -dict=fuzz/http.dict -artifact_prefix=build/fuzz/$(T)- build/fuzz/corpus/$(T) build/fuzz/seeds/$(T) \
	    fuzz/regress/$(T)

build/fuzz/%: fuzz/fuzz_%.c $(wildcard fuzz/*.[ch]) $(PURE_SOURCES) $(HEADERS)
	@echo "  FUZZ $@"
	@mkdir -p $(@D)
	$(Q)clang $(PURE_CFLAGS) -O2 -fsanitize=fuzzer -o $@ $< $(wildcard src/http/*.c) $(LLHTTP_LIBS)

# ---- looking after the source ----------------------------------------------------------------

FORMATTED := $(SOURCES) $(HEADERS) $(wildcard tests/unit/*.[ch] fuzz/*.[ch] bench/*.c)

lint: ## check format, warnings, layers, exports and documentation
	@tools/packages.sh build run lint
	@clang-format --dry-run -Werror $(FORMATTED)
	@$(MAKE) build OUT=build/strict CFLAGS="-O2 -g -Werror"
	@for source in tests/unit/*.c fuzz/*.c; do \
	    $(CC) $(PURE_CFLAGS) -O1 -Werror -S -o /dev/null $$source || exit 1; \
	done
	@$(MAKE) tidy cppcheck
	@tools/check_symbols.sh build/strict/pypy_plugin.so
	@$(PYTHON) tools/check_layers.py
	@$(PYTHON) tools/check_docs.py
	@$(PYTHON) tools/check_api.py
	@$(PYTHON) -B tools/check_python.py python tools bench packaging tests fuzz setup.py uwsgiplugin.py
	@pypy3 -B tools/check_python.py python packaging setup.py
	@echo "lint: clean"

.PHONY: tidy cppcheck
tidy: $(SOURCES:src/%.c=build/lint/%.tidy)

# host.flags is quoted for the compiler, for the shell and for xargs alike. clang-tidy counts the
# warnings that it does not show on stderr, one line a file: those go.
build/lint/%.tidy: src/%.c $(HEADERS) $(HOST) .clang-tidy
	@echo "  TIDY $<"
	@mkdir -p $(@D)
	$(Q)xargs -a $(GEN)/host.flags clang-tidy --quiet $< -- $(UPP_CFLAGS) \
	    2> >(grep -v 'warnings\? generated' >&2)
	@touch $@

cppcheck: $(HOST)
	@echo "  CPPCHECK src"
	@mkdir -p build/lint/cppcheck
	$(Q)xargs -a $(GEN)/host.flags cppcheck --quiet --error-exitcode=1 -j $(JOBS) \
	    --cppcheck-build-dir=build/lint/cppcheck --enable=warning,performance,portability \
	    --inline-suppr --suppress='*:$(GEN)/*' --std=c11 -Isrc -I$(GEN) src

format: ## format the C sources in place
	@tools/packages.sh lint
	@clang-format -i $(FORMATTED)

# ---- installing ------------------------------------------------------------------------------

PLUGINDIR ?= $(shell sed -n "s/^'-DUWSGI_PLUGIN_DIR=\"\(.*\)\"'$$/\1/p" $(GEN)/host.flags)

STUBDIR   ?= /usr/share/uwsgi-plugin-pypy/stubs

install: build ## install into uWSGI's plugin folder (DESTDIR=..., PLUGINDIR=..., STUBDIR=...)
	install -D -m 644 $(PLUGIN) "$(DESTDIR)$(PLUGINDIR)/pypy_plugin.so"
	install -D -m 644 stubs/uwsgi.pyi "$(DESTDIR)$(STUBDIR)/uwsgi.pyi"

# ---- packages and releases: docs/install.md, docs/compatibility.md ------------------------------

.PHONY: dist deb matrix test-packaging
dist: ## make build/dist/install.sh, the installer with the sources in it
	@tools/dist.sh

deb: ## make a Debian package in build/deb
	@tools/packages.sh build deb
	@tools/deb.sh

matrix: ## build and test on each Debian release (SUITES='trixie sid'; as root)
	@tools/packages.sh chroot
	@tools/matrix.sh $(SUITES)

test-packaging: ## try every way to install in clean Debians (as root)
	@tools/packages.sh test chroot
	@$(MAKE) test TESTS=tests/packaging TEST_JOBS=1

clean: ## remove build/
	rm -rf build
