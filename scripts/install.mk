# SPDX-License-Identifier: MIT
# Pages, and what is installed where.

# The manual page and the completions come from the program's own tables. A cross build cannot run their maker.
PAGES := $(if $(PROGRAM),$(if $(CROSS),,$(addprefix $(BUILD)/,quill.1 quill.bash _quill quill.fish)))
VERSION := $(shell sed -n 's/^.define QUILL_VERSION "\(.*\)"/\1/p' include/quill/version.h)
docs: $(PAGES) $(BUILD)/quill.pc
$(OBJ)/make-docs: scripts/make-docs.c $(CLI_OBJ) $(BUILD)/libquill.a
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(filter-out %/main.o,$(CLI_OBJ)) $(BUILD)/libquill.a $(LIBS) $(LIBS_CLI)
$(BUILD)/quill.1: KIND := man scripts/quill.1.in
$(BUILD)/quill.1: scripts/quill.1.in
$(BUILD)/quill.bash: KIND := bash
$(BUILD)/_quill: KIND := zsh
$(BUILD)/quill.fish: KIND := fish
$(PAGES): $(OBJ)/make-docs
	$(Q)$(OBJ)/make-docs $(KIND) >$@
$(BUILD)/quill.pc: FORCE
	@mkdir -p $(@D) && printf '%s\n' 'prefix=$(PREFIX)' 'Name: quill' \
	  'Description: text generation with GPT-style models' 'Version: $(VERSION)' 'Cflags: -I$${prefix}/include' \
	  'Libs: -L$${prefix}/lib -lquill $(LIBS) -pthread' >$@

# What is installed carries no lines for a debugger.
STRIP ?= $(CROSS)strip
AT := $(DESTDIR)$(PREFIX)
SHARE := $(AT)/share
install: all docs
	install -d '$(AT)/bin' '$(AT)/lib/pkgconfig' '$(AT)/include/quill' '$(SHARE)/quill/prompts'
	install -m 755 $(BUILD)/quill '$(AT)/bin/' && $(STRIP) '$(AT)/bin/quill'
	install -m 644 $(BUILD)/libquill.a '$(AT)/lib/' && $(STRIP) -g '$(AT)/lib/libquill.a'
	install -m 644 $(BUILD)/quill.pc '$(AT)/lib/pkgconfig/'
	install -m 644 include/quill/*.h '$(AT)/include/quill/'
	install -m 644 LICENSE '$(SHARE)/quill/'
	install -m 755 prompts/*.prompt '$(SHARE)/quill/prompts/'
ifneq ($(PAGES),)
	install -d '$(SHARE)/man/man1' '$(SHARE)/bash-completion/completions' '$(SHARE)/zsh/site-functions' \
	  '$(SHARE)/fish/vendor_completions.d'
	install -m 644 $(BUILD)/quill.1 '$(SHARE)/man/man1/'
	install -m 644 $(BUILD)/quill.bash '$(SHARE)/bash-completion/completions/quill'
	install -m 644 $(BUILD)/_quill '$(SHARE)/zsh/site-functions/'
	install -m 644 $(BUILD)/quill.fish '$(SHARE)/fish/vendor_completions.d/'
endif

uninstall:
	cd '$(AT)' && rm -f bin/quill lib/libquill.a lib/pkgconfig/quill.pc share/man/man1/quill.1 \
	  share/bash-completion/completions/quill share/zsh/site-functions/_quill share/fish/vendor_completions.d/quill.fish
	rm -rf '$(AT)/include/quill' '$(SHARE)/quill'
