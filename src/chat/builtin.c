// SPDX-License-Identifier: MIT
// Public prompt formats, in templates of our own. In each, contents may be lists of parts; their texts count.
#include "quill/chat.h"

// text(content)
#define TEXT                                                                                                           \
    "{%- macro text(c) -%}"                                                                                            \
    "{%- if c is string -%}{{ c }}"                                                                                    \
    "{%- elif c is iterable -%}{%- for part in c -%}{{ part.text if part is mapping else part }}{%- endfor -%}"       \
    "{%- endif -%}"                                                                                                    \
    "{%- endmacro -%}"

// Formats without a place for a system message: it goes in front of the first message of the user.
#define SYSTEM_FIRST                                                                                                   \
    "{%- set ns = namespace(system='') -%}"                                                                           \
    "{%- if messages and messages[0].role in ['system', 'developer'] -%}"                                              \
    "{%- set ns.system = text(messages[0].content) -%}{%- set messages = messages[1:] -%}"                             \
    "{%- endif -%}"

#define ONLY_USER_AND_ASSISTANT                                                                                        \
    "{%- if m.role not in ['user', 'assistant'] -%}"                                                                   \
    "{{ raise_exception('this format has no place for messages of the role ' ~ m.role) }}"                             \
    "{%- endif -%}"

static const char chatml[] = TEXT "{%- for m in messages -%}"
                                  "{{ '<|im_start|>' ~ m.role ~ '\\n' }}{{ text(m.content) }}{{ '<|im_end|>\\n' }}"
                                  "{%- endfor -%}"
                                  "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}";

static const char llama2[] = TEXT SYSTEM_FIRST
    "{%- for m in messages -%}" ONLY_USER_AND_ASSISTANT "{%- if m.role == 'user' -%}"
    "{{ bos_token ~ '[INST] ' }}"
    "{%- if ns.system -%}{{ '<<SYS>>\\n' }}{{ ns.system }}{{ '\\n<</SYS>>\\n\\n' }}{%- set ns.system = '' -%}"
    "{%- endif -%}"
    "{{ text(m.content) | trim }}{{ ' [/INST]' }}"
    "{%- else -%}{{ ' ' }}{{ text(m.content) | trim }}{{ ' ' ~ eos_token }}{%- endif -%}"
    "{%- endfor -%}";

static const char llama3[] = TEXT "{{ bos_token }}"
                                  "{%- for m in messages -%}"
                                  "{{ '<|start_header_id|>' ~ ('ipython' if m.role == 'tool' else m.role) ~ "
                                  "'<|end_header_id|>\\n\\n' }}{{ text(m.content) | trim }}{{ '<|eot_id|>' }}"
                                  "{%- endfor -%}"
                                  "{%- if add_generation_prompt -%}"
                                  "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}"
                                  "{%- endif -%}";

static const char gemma[] = TEXT SYSTEM_FIRST
    "{{ bos_token }}"
    "{%- for m in messages -%}" ONLY_USER_AND_ASSISTANT
    "{{ '<start_of_turn>' ~ ('model' if m.role == 'assistant' else 'user') ~ '\\n' }}"
    "{%- if ns.system and m.role == 'user' -%}{{ ns.system }}{{ '\\n\\n' }}{%- set ns.system = '' -%}{%- endif -%}"
    "{{ text(m.content) | trim }}{{ '<end_of_turn>\\n' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}";

static const char mistral[] = TEXT SYSTEM_FIRST
    "{{ bos_token }}"
    "{%- for m in messages -%}" ONLY_USER_AND_ASSISTANT "{%- if m.role == 'user' -%}"
    "{{ '[INST] ' }}"
    "{%- if ns.system -%}{{ ns.system }}{{ '\\n\\n' }}{%- set ns.system = '' -%}{%- endif -%}"
    "{{ text(m.content) }}{{ '[/INST]' }}"
    "{%- else -%}{{ ' ' }}{{ text(m.content) | trim }}{{ eos_token }}{%- endif -%}"
    "{%- endfor -%}";

static const char phi3[] = TEXT "{%- for m in messages -%}"
                                "{{ '<|' ~ m.role ~ '|>\\n' }}{{ text(m.content) }}{{ '<|end|>\\n' }}"
                                "{%- endfor -%}"
                                "{%- if add_generation_prompt -%}{{ '<|assistant|>\\n' }}{%- endif -%}";

static const char zephyr[] = TEXT "{%- for m in messages -%}"
                                  "{{ '<|' ~ m.role ~ '|>\\n' }}{{ text(m.content) }}{{ eos_token ~ '\\n' }}"
                                  "{%- endfor -%}"
                                  "{%- if add_generation_prompt -%}{{ '<|assistant|>\\n' }}{%- endif -%}";

static const char vicuna[] = TEXT SYSTEM_FIRST
    "{%- if ns.system -%}{{ ns.system }}{{ ' ' }}{%- else -%}"
    "{{ \"A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, \" "
    "\"detailed, and polite answers to the user's questions. \" }}{%- endif -%}"
    "{%- for m in messages -%}" ONLY_USER_AND_ASSISTANT
    "{%- if m.role == 'user' -%}{{ 'USER: ' }}{{ text(m.content) | trim }}{{ ' ' }}"
    "{%- else -%}{{ 'ASSISTANT: ' }}{{ text(m.content) | trim }}{{ eos_token }}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ 'ASSISTANT:' }}{%- endif -%}";

static const char alpaca[] = TEXT SYSTEM_FIRST
    "{%- if ns.system -%}{{ ns.system }}{{ '\\n\\n' }}{%- else -%}"
    "{{ 'Below is an instruction that describes a task. Write a response that appropriately completes the '"
    " 'request.\\n\\n' }}"
    "{%- endif -%}"
    "{%- for m in messages -%}" ONLY_USER_AND_ASSISTANT
    "{%- if m.role == 'user' -%}{{ '### Instruction:\\n' }}{{ text(m.content) | trim }}{{ '\\n\\n' }}"
    "{%- else -%}{{ '### Response:\\n' }}{{ text(m.content) | trim }}{{ eos_token ~ '\\n\\n' }}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '### Response:\\n' }}{%- endif -%}";

static const char deepseek[] = TEXT SYSTEM_FIRST
    "{{ bos_token }}{{ ns.system }}"
    "{%- for m in messages -%}" ONLY_USER_AND_ASSISTANT
    "{%- if m.role == 'user' -%}{{ '<\xef\xbd\x9cUser\xef\xbd\x9c>' }}{{ text(m.content) }}"
    "{%- else -%}{{ '<\xef\xbd\x9c" "Assistant\xef\xbd\x9c>' }}{{ text(m.content).split('</think>')[-1] }}"
    "{{ eos_token }}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<\xef\xbd\x9c" "Assistant\xef\xbd\x9c>' }}{%- endif -%}";

static const char command_r[] = TEXT
    "{{ bos_token }}"
    "{%- for m in messages -%}"
    "{{ '<|START_OF_TURN_TOKEN|>' ~ ('<|USER_TOKEN|>' if m.role == 'user' else '<|CHATBOT_TOKEN|>' if m.role == "
    "'assistant' else '<|SYSTEM_TOKEN|>') }}{{ text(m.content) | trim }}{{ '<|END_OF_TURN_TOKEN|>' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{%- endif -%}";

static const char granite[] = TEXT
    "{%- for m in messages -%}"
    "{{ '<|start_of_role|>' ~ m.role ~ '<|end_of_role|>' }}{{ text(m.content) }}{{ '<|end_of_text|>\\n' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|start_of_role|>assistant<|end_of_role|>' }}{%- endif -%}";

// With tools, tool calls and their results; the reasoning of earlier answers is left out.
static const char qwen[] = TEXT SYSTEM_FIRST
    "{%- if tools -%}"
    "{{ '<|im_start|>system\\n' }}{%- if ns.system -%}{{ ns.system }}{{ '\\n\\n' }}{%- endif -%}"
    "{{ '# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\nYou are provided with "
    "function signatures within <tools></tools> XML tags:\\n<tools>' }}"
    "{%- for tool in tools -%}{{ '\\n' }}{{ tool | tojson }}{%- endfor -%}"
    "{{ '\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments within "
    "<tool_call></tool_call> XML tags:\\n<tool_call>\\n{\"name\": <function-name>, \"arguments\": "
    "<args-json-object>}\\n</tool_call><|im_end|>\\n' }}"
    "{%- elif ns.system -%}{{ '<|im_start|>system\\n' }}{{ ns.system }}{{ '<|im_end|>\\n' }}{%- endif -%}"
    "{%- for m in messages -%}"
    "{%- if m.role == 'tool' -%}"
    "{%- if loop.first or loop.previtem.role != 'tool' -%}{{ '<|im_start|>user' }}{%- endif -%}"
    "{{ '\\n<tool_response>\\n' }}{{ text(m.content) }}{{ '\\n</tool_response>' }}"
    "{%- if loop.last or loop.nextitem.role != 'tool' -%}{{ '<|im_end|>\\n' }}{%- endif -%}"
    "{%- else -%}"
    "{{ '<|im_start|>' ~ m.role ~ '\\n' }}"
    "{%- set content = text(m.content) -%}"
    "{{ content.split('</think>')[-1].lstrip('\\n') if m.role == 'assistant' else content }}"
    "{%- for call in m.tool_calls or [] -%}"
    "{%- set call = call.function or call -%}"
    "{{ '\\n' if content or not loop.first }}{{ '<tool_call>\\n{\"name\": ' }}{{ call.name | tojson }}"
    "{{ ', \"arguments\": ' }}{{ call.arguments if call.arguments is string else call.arguments | tojson }}"
    "{{ '}\\n</tool_call>' }}"
    "{%- endfor -%}"
    "{{ '<|im_end|>\\n' }}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}";

static const quill_chat_builtin_info templates[] = {
    {"alpaca", "Alpaca and other models of instructions", alpaca},
    {"chatml", "Qwen, Yi, OpenHermes, SmolLM2 and many fine-tunes", chatml},
    {"command-r", "Command R, Aya", command_r},
    {"deepseek", "DeepSeek V2.5, V3, R1 and its distilled models", deepseek},
    {"gemma", "Gemma 1 to 3", gemma},
    {"granite", "Granite 3 and 4", granite},
    {"llama2", "Llama 2 chat, CodeLlama instruct", llama2},
    {"llama3", "Llama 3 to 3.3 instruct", llama3},
    {"mistral", "Mistral 7B instruct v0.3, Mixtral, Mistral Nemo", mistral},
    {"phi3", "Phi-3, Phi-3.5, Phi-4 mini", phi3},
    {"qwen", "Qwen 2.5 and Qwen 3, with tools", qwen},
    {"vicuna", "Vicuna 1.1 and 1.5", vicuna},
    {"zephyr", "Zephyr, StableLM 2 Zephyr, TinyLlama chat", zephyr},
};

const quill_chat_builtin_info *quill_chat_builtin(size_t index) {
    return index < sizeof templates / sizeof *templates ? &templates[index] : NULL;
}
