// SPDX-License-Identifier: MIT
// The built-in model: the bytes of the file EMBED, read where they lie.
    .section .rodata
    .balign 64
    .globl quill_builtin_start
    .hidden quill_builtin_start
    .type quill_builtin_start, %object
quill_builtin_start:
    .incbin EMBED
    .size quill_builtin_start, . - quill_builtin_start
    .globl quill_builtin_end
    .hidden quill_builtin_end
    .type quill_builtin_end, %object
quill_builtin_end:
    .byte 0 // the end has an address of its own, whatever follows
    .size quill_builtin_end, 1
    .section .note.GNU-stack, "", %progbits
