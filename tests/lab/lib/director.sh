# The program under test and the kernel's table.

# The program is put in as /usr/sbin/ldirectord, as an administrator links it over the original.
ld=/usr/sbin/ldirectord
install_program() {
  mkdir -p /etc/ha.d/conf /srv/original; rm -f /etc/ha.d/*.cf /var/log/ldirectord*.log
  LAB_PERL=/srv/original/ldirectord     # the original where it is installed, for those who compare
  if [ -f $ld ]; then mv $ld $LAB_PERL; fi
  cp "$PROGRAM" $ld
  if head -c 2 $ld | grep -q '#!'; then kind=perl; else kind=ours; fi
}
# ours, perl: which program is under test. What only one of them promises stands behind these.
ours() { [ $kind = ours ]; }
perl_original() { [ $kind = perl ]; }

# configuration NAME: /etc/ha.d/NAME from standard input.
configuration() { cat >"/etc/ha.d/$1.new"; mv "/etc/ha.d/$1.new" "/etc/ha.d/$1"; }
# ldirectord HOST ARGUMENT…: runs the program; its exit code in $code, its words in $stdout and $stderr.
ldirectord() {
  local host=$1; shift
  say "ldirectord $*"
  on "$host" env ${record:+LDIRECTORD_RECORD=$record} "$ld" "$@" >$LAB/last.stdout 2>$LAB/last.stderr </dev/null; code=$?
  stdout=$(cat $LAB/last.stdout); stderr=$(cat $LAB/last.stderr)
  { [ -z "$stdout" ] || indent <<<"$stdout"; [ -z "$stderr" ] || indent <<<"$stderr"; } | head -30
}
# daemon_pid NAME: from the pid file of a configuration.
daemon_pid() { cat "/run/ldirectord.$1.pid" 2>/dev/null; }
alive() { [ -n "$1" ] && [ -d "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }
# gone NAME: neither pid file nor, when it is given, process.
gone() { [ ! -e "/run/ldirectord.$1.pid" ] && { [ -z "${2:-}" ] || ! alive "$2"; }; }

# table HOST: services and destinations without their connection counts, each sorted, for the kernel has them in no order
# that means anything (some kernels call the own host's method Local):
#   TCP 10.9.0.80:80 rr persistent 600
#     10.9.0.11:80 Route 1
table() { on "$1" ipvsadm -L -n 2>&1 | awk 'NR > 3 { if ($1 == "->") print "  " $2, ($3 == "Local" ? "Route" : $3), $4; else { $1 = $1; print } }' | sorted_by_service; }
sorted_by_service() { awk '/^[^ ]/ { service = $0 } { print service "\t" (/^ / ? 1 : 0) "\t" $0 }' | LC_ALL=C sort | cut -f3-; }
# weight HOST REAL [VIRTUAL]: the weight of a destination, `absent` without one; in that virtual, or wherever it is.
weight() {
  table "$1" | awk -v real="$2" -v virtual="${3:-}" '/^[A-Z]/ { here = virtual == "" || $2 == virtual }
    /^ / && here && $1 == real { print $3; found = 1 } END { if (!found) print "absent" }'
}
# saved HOST: as `ipvsadm -S -n` writes it.
saved() { on "$1" ipvsadm -S -n; }

# For scenarios with one virtual service per checked service: virtual_four PORT LINE… is one at 10.9.0.80 with the real server
# 10.9.0.11, virtual_six the same at fd00:9::80 with fd00:9::11, virtual_both both. `up` names the ports that have their real
# (`443`, `six:443`), `without PORT…` all that $all names but these.
virtual_four() { printf 'virtual=10.9.0.80:%s\n\treal=10.9.0.11:%s gate\n\tscheduler=rr\n' "$1" "$1"; printf '\t%s\n' "${@:2}"; echo; }
virtual_six() { printf 'virtual6=[fd00:9::80]:%s\n\treal6=[fd00:9::11]:%s gate\n\tscheduler=rr\n' "$1" "$1"; printf '\t%s\n' "${@:2}"; echo; }
virtual_both() { virtual_four "$@"; virtual_six "$@"; }
up() {
  table "${1:-director}" | sed -n 's/^  10\.9\.0\.11:\([0-9]*\) .* [1-9][0-9]*$/\1/p; s/^  \[fd00:9::11\]:\([0-9]*\) .* [1-9][0-9]*$/six:\1/p' | sort | xargs
}
without() { local port; for port in $all; do [[ " $* " == *" $port "* ]] || echo "$port"; done | sort | xargs; }

# writes_with EXPRESSION [FIRST]: recorded kernel writes that match, from that number on.
writes_with() { "$tools" writes $record "${2:-1}" | grep -E -- "$1"; true; }

# log_has TEXT: the program's log contains the text (fixed, not an expression).
log=/var/log/ldirectord.log
log_has() { grep -Fq -- "$1" $log 2>/dev/null; }
log_count() { grep -Fc -- "$1" $log 2>/dev/null; true; }
expect_log() { expect_that "the log says: $1" wait_until 10 log_has "$1"; }

# expect_reason CONFIGURATION VIRTUAL WORDS [HOST]: a check of this virtual service, made now, is down for this reason. (The log
# only has the reason that it went down for, and that of a server that is just restarting is another one.)
expect_reason() {
  local words=$3 host=${4:-director}
  expect_that "$2 is down: $words" wait_until 60 "on $host $ld $1 probe $2 2>&1 | grep -Fq -- '$words'"
}

# record_writes: from now on the program records each write to the kernel; `writes` counts them.
record_writes() { record=$LAB/kernel.record; : >$record; }
writes() { grep -c . $record; true; }
# poll NAME HOST: every state of the host's table, as fast as it can be read, into $LAB/NAME.states until `end NAME`.
poll() { launch "$1" "$2" "$tools" poll "$LAB/$1.states"; must wait_until 10 "[ -s $LAB/$1.states ]"; }
