# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2016
#
# Talks in a terminal, which tmux plays.

template='{%- for m in messages -%}<|{{ m.role }}|>{{ m.content }}<|end|>{%- endfor -%}'
template=$template'{%- if add_generation_prompt -%}<|assistant|>{{ messages[-1].content[-1] }}{%- endif -%}'

# spoken_model FILE N_CTX: a model that answers by the last character of the question; after @ it does not end.
spoken_model() {
    need python3
    python3 "$ROOT/tests/cli/spoken_model.py" "$1" "$2" "$template" \
        '?||| Well|||, yes|||.|||<|end|>' '!|||<think>|||\nhm, hm\n|||</think>|||\n\n|||Oho|||<|end|>' \
        '#|||<tool_call>|||\n{"name": "f", "arguments": {"x": [1, "a"]}}\n|||</tool_call>|||<|end|>' \
        '@||| on||| and||| on' '%|||\033[31m|||red|||<|end|>' '<|user|>' '<|assistant|>' '<|system|>' '<|tool|>'
}

tmux() {
    LC_ALL=C.UTF-8 command tmux -f /dev/null -S "$PWD/tmux.socket" "$@"
}

# talk ARGS...: quill chat ARGS in a terminal of 72 columns; without a TERM of its own, TERM is tmux's.
talk() {
    need tmux
    trap 'tmux kill-server 2>/dev/null; sleep 0.2' EXIT # for the program to end, too
    printf '%s\n' "trap : INT; '$QUILL' chat $*; echo \"ended \$?\"; exec sleep 100" >talk.sh
    tmux new-session -d -x 72 -y 50 "${TALK_TERM:+TERM=$TALK_TERM }sh talk.sh"
}

screen() {
    tmux capture-pane -p -J -S -200
}

# wait_for TEXT [N]: until the screen has TEXT in N lines (1), for ten seconds at most
wait_for() {
    for _ in $(seq 200); do
        [ "$(screen | grep -cF -e "$1")" -lt "${2-1}" ] || return 0
        sleep 0.05
    done
    fail "the terminal does not show: $1" "$(screen)"
}

# wait_to_type: until the last line is that of a prompt
wait_to_type() {
    for _ in $(seq 200); do
        ! screen | sed '/^ *$/d' | tail -n 1 | grep -q '^[>.] ' || return 0
        sleep 0.05
    done
    fail 'the terminal shows no prompt' "$(screen)"
}

# wait_for_empty_line: until the last line is a prompt alone
wait_for_empty_line() {
    for _ in $(seq 200); do
        ! screen | sed '/^ *$/d' | tail -n 1 | grep -q '^[>.] *$' || return 0
        sleep 0.05
    done
    fail 'the terminal shows no empty prompt' "$(screen)"
}

# end_talk: types Ctrl-D
end_talk() {
    wait_to_type
    tmux send-keys C-d
    wait_for 'ended 0'
}

# say TEXT: types a line at an empty prompt, and waits until it is taken: the next one would be typed into the answer
say() {
    wait_for_empty_line
    prompts=$(screen | grep -c '^[>.] ')
    tmux send-keys -l "$1"
    tmux send-keys Enter
    for _ in $(seq 200); do
        screen | sed '/^ *$/d' | tail -n 1 | grep -q '^[>.] *$' || return 0
        [ "$(screen | grep -c '^[>.] ')" -le "$prompts" ] || return 0
        sleep 0.05
    done
    fail "the line is not taken: $1" "$(screen)"
}

# expect_screen LINE...: the last lines that are not empty
expect_screen() {
    printf '%s\n' "$@" >want
    for _ in $(seq 200); do
        screen | sed '/^$/d' | tail -n "$(wc -l <want)" >out
        ! cmp -s want out || return 0
        sleep 0.05
    done
    fail "expected (-), got (+):" "$(diff -u want out)" "$(screen)"
}
