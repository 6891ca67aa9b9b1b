# Real servers, and the clients that ask them.

# Debian's servers (tests/lab/services/) have their configurations and data here, one certificate for all, and one account.
services=/srv/services; mkdir -p $services; chmod 755 /srv $services

# listening HOST PORT: somebody listens there, on TCP or UDP.
listening() { on "$1" cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 | awk -v port="$(printf ':%04X$' "$2")" '$2 ~ port && ($4 == "0A" || $4 == "07") { found = 1 } END { exit !found }'; }
# launch NAME HOST COMMAND…: a background process; its pid in $LAB/NAME.pid, its words in $LAB/NAME.log.
launch() {
  local name=$1 host=$2; shift 2
  ip netns exec "$host" "$@" >>"$LAB/$name.log" 2>&1 & echo $! | tee -a $LAB/pids >"$LAB/$name.pid"
}
# web NAME HOST ADDRESS:PORT…: a web server whose pages say `real NAME`.
web() {
  local name=$1 host=$2; shift 2
  echo "$host $*" >"$LAB/$name.web"; [ -f "$LAB/$name.state" ] || echo page >"$LAB/$name.state"
  launch "$name" "$host" "$tools" web --state "$LAB/$name.state" --name "$name" --requests "$LAB/$name.requests" "$@"
  must wait_until 20 "listening $host ${1##*:}"
}
# requests_since NAME MILLISECONDS CLIENT: how many requests a server has had from a client since then.
requests_since() { awk -v since="$2" -v client="$3" '$1 >= since && $3 == client { n++ } END { print n + 0 }' "$LAB/$1.requests"; }
# sip NAME HOST ADDRESS:PORT: a SIP server over UDP.
sip() {
  echo 200 >"$LAB/$1.state"
  launch "$1" "$2" "$tools" sip --state "$LAB/$1.state" --name "$1" "$3"
  must wait_until 20 "listening $2 ${3##*:}"
}
# behave NAME BEHAVIOUR: see lab-tools (page, wrong, 500, silence, drip, headers, body, reset, garbage; 200, 503, silence).
behave() { say "$1 behaves: $2"; echo "$2" >"$LAB/$1.state.new"; mv "$LAB/$1.state.new" "$LAB/$1.state"; }
# family PID: it and every process below it.
family() {
  ps -e -o pid=,ppid= | awk -v top="$1" '{ below[$2] = below[$2] " " $1 } function show(pid, list, n, i) { print pid
    n = split(below[pid], list, " "); for (i = 1; i <= n; i++) show(list[i]) } END { show(top) }'
}
# pause NAME, resume NAME: all processes of a server stand still (the kernel accepts connections, nobody answers), and go on.
# The parent is the first to stand still, so that it begets no others meanwhile.
pause() { say "$1 stands still"; kill -STOP "$(cat "$LAB/$1.pid")"; kill -STOP $(family "$(cat "$LAB/$1.pid")"); }
resume() { say "$1 goes on"; kill -CONT $(family "$(cat "$LAB/$1.pid")"); }
# die NAME, revive NAME: the server's processes end at once (its port refuses), and a web server comes back.
die() {
  local pid; pid=$(cat "$LAB/$1.pid"); say "$1 dies"
  kill -STOP "$pid"; kill -9 $(family "$pid"); wait "$pid" 2>/dev/null
}
revive() { say "$1 comes back"; web "$1" $(cat "$LAB/$1.web"); }
# end NAME: ends a client that runs until it is told.
end() { kill "$(cat "$LAB/$1.pid")"; wait "$(cat "$LAB/$1.pid")" 2>/dev/null; }

# get HOST ADDRESS:PORT [PATH]: the body of a page.
get() { local host=$1; shift; on "$host" "$tools" get "$@"; }
# who HOST ADDRESS:PORT: the name of the real that answered, or `nobody`.
who() { local answer; answer=$(get "$@" 2>/dev/null | sed -n 's/^real //p'); echo "${answer:-nobody}"; }
# answers HOST ADDRESS:PORT COUNT: who answered that many new connections, sorted, `NAME COUNT` each.
answers() { local n; for (( n = 0; n < $3; n++ )); do who "$1" "$2"; done | sort | uniq -c | awk '{ print $2, $1 }'; }
# options HOST ADDRESS:PORT: `STATUS NAME` of the SIP server that answered, or `nobody`.
options() { on "$1" "$tools" options "$2" 2>/dev/null || echo nobody; }

# stream NAME HOST ADDRESS:PORT MILLISECONDS: a new connection every so often, until `end NAME`.
stream() { launch "$1" "$2" "$tools" stream "$3" "$4" "$LAB/$1.states"; }
# failures_since NAME MILLISECONDS: connections of a stream begun since then that failed or brought no right page.
failures_since() { awk -v since="$2" '$1 >= since && $2 != "ok"' "$LAB/$1.states"; }
# successes_since NAME MILLISECONDS: their number, `yes` when there were at least ten.
enough_since() { awk -v since="$2" '$1 >= since && $2 == "ok" { n++ } END { print (n >= 10 ? "yes" : "only " n + 0) }' "$LAB/$1.states"; }
milliseconds() { date +%s%3N; }
# hold NAME HOST ADDRESS:PORT COUNT: long-held connections; `count NAME WORD` counts what happened to them.
hold() { launch "$1" "$2" "$tools" hold "$3" "$4" "$LAB/$1.states"; }
count() { grep -c "$2" "$LAB/$1.states" 2>/dev/null; true; }
