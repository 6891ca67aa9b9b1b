# What every scenario needs: where things are, assertions that say what was expected and what came, waiting for a
# condition with a deadline. An assertion that fails is noted and the scenario goes on; `must` ends it.

LAB=/srv/lab; mkdir -p $LAB
tools=$LAB_TOOLS

say() { echo "== $(cut -d' ' -f1 /proc/uptime) $*"; }
indent() { sed 's/^/   | /'; }

passed_assertion() { echo x >>$LAB/assertions; echo "ok      $*"; }
failed_assertion() { echo x >>$LAB/assertions; echo x >>$LAB/failures; echo "FAILED  $*"; }

# must WORDS…: a step without which the rest makes no sense.
must() { "$@" || { failed_assertion "must: $*"; exit 1; }; }
# quietly COMMAND…: likewise, and its words are only shown where it fails.
quietly() { "$@" >$LAB/quietly.log 2>&1 || { failed_assertion "$*"; head -30 $LAB/quietly.log; exit 1; }; }

# expect WHAT EXPECTED GOT
expect() {
  if [ "$2" = "$3" ]; then passed_assertion "$1"
  else failed_assertion "$1"; echo "expected"; echo "$2" | indent; echo "got"; echo "$3" | indent; fi
}
# expect_match WHAT EXTENDED-EXPRESSION GOT: some line of GOT matches.
expect_match() {
  if grep -Eq -- "$2" <<<"$3"; then passed_assertion "$1"
  else failed_assertion "$1"; echo "expected a line like"; echo "$2" | indent; echo "got"; echo "$3" | indent; fi
}
# expect_no_match WHAT EXTENDED-EXPRESSION GOT
expect_no_match() {
  if grep -Eq -- "$2" <<<"$3"; then failed_assertion "$1"; echo "expected no line like"; echo "$2" | indent; echo "got"; grep -E -- "$2" <<<"$3" | head -5 | indent
  else passed_assertion "$1"; fi
}
# expect_that WHAT COMMAND…: the command succeeds.
expect_that() { local what=$1; shift; if "$@"; then passed_assertion "$what"; else failed_assertion "$what ($*)"; fi; }

# Seconds since boot in hundredths.
hundredths() { local up; read -r up _ </proc/uptime; echo "${up/./}"; }

# wait_until SECONDS COMMAND…: runs the command (one single word is evaluated) until it succeeds; fails at the deadline.
wait_until() {
  local end=$(( $(hundredths) + $1 * 100 )); shift
  until if [ $# = 1 ]; then eval "$1"; else "$@"; fi; do [ "$(hundredths)" -ge $end ] && return 1; sleep 0.1; done
}
# expect_soon SECONDS WHAT EXPECTED COMMAND…: the command's output becomes EXPECTED within the deadline.
expect_soon() {
  local end=$(( $(hundredths) + $1 * 100 )) what=$2 expected=$3 got; shift 3
  while :; do
    got=$("$@" 2>&1)
    [ "$got" = "$expected" ] && break
    [ "$(hundredths)" -ge $end ] && break
    sleep 0.1
  done
  expect "$what" "$expected" "$got"
}
# expect_stays SECONDS WHAT EXPECTED COMMAND…: the command's output is EXPECTED all the time.
expect_stays() {
  local end=$(( $(hundredths) + $1 * 100 )) what=$2 expected=$3 got; shift 3
  while :; do
    got=$("$@" 2>&1)
    [ "$got" = "$expected" ] || break
    [ "$(hundredths)" -ge $end ] && break
    sleep 0.2
  done
  expect "$what" "$expected" "$got"
}
