# Processor time per check and resident memory against keepalived and ldirectord; run by tests/bench/run.
# seconds: 300
# packets: no
# memory: 1024M
# kernel: guest
lan net
host director net 10.9.0.1/24 10.9.0.80/32
host farm net 10.9.0.2/24
setting farm net.core.somaxconn=4096 net.ipv4.tcp_max_syn_backlog=8192
must ip -n farm route add local 10.20.0.0/16 dev lo
route director 10.20.0.0/16 via 10.9.0.2
# The connections of checks that ended must not run out of ports while three programs follow each other.
setting director net.ipv4.tcp_tw_reuse=1 "net.ipv4.ip_local_port_range=1024 65000"
echo page >$LAB/farm.state; : >$LAB/farm.requests
launch farm farm "$tools" web --state $LAB/farm.state --requests $LAB/farm.requests 0.0.0.0:80
must wait_until 20 "listening farm 80"
addresses() { local n; for (( n = 0; n < $1; n++ )); do echo "10.20.$(( n / 250 )).$(( n % 250 + 1 ))"; done; }
ldirectord_configuration() { # COUNT
  printf 'negotiatetimeout=10\ncheckinterval=1\nlogfile="/var/log/bench.log"\nquiescent=yes\nvirtual=10.9.0.80:80\n\tservice=http\n\tscheduler=rr\n\treceive="Test Page"\n'
  addresses $1 | sed 's/.*/\treal=&:80 masq/'
}
keepalived_configuration() { # COUNT
  printf 'global_defs {\n}\nvirtual_server 10.9.0.80 80 {\n delay_loop 1\n lb_algo rr\n lb_kind NAT\n protocol TCP\n'
  addresses $1 | while read -r address; do
    printf ' real_server %s 80 {\n  weight 1\n  HTTP_GET {\n   url {\n    path /\n    status_code 200\n   }\n   connect_timeout 10\n  }\n }\n' $address
  done
  printf '}\n'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
weighted() { on director awk 'NR > 3 && $1 == "->" && $4 > 0 { n++ } END { print n + 0 }' /proc/net/ip_vs; }
# usage PID…: their processor milliseconds and resident kilobytes together.
usage() { local pid; for pid in "$@"; do "$tools" usage "$pid"; done | awk '{ m += $1; k += $2 } END { print m, k }'; }
# measure NAME COUNT PID…: medians over the windows.
measure() {
  local name=$1 count=$2 window m0 m1 k r0 r1; shift 2
  : >$LAB/each; : >$LAB/rates
  for (( window = 0; window < BENCH_WINDOWS; window++ )); do
    r0=$(wc -l <$LAB/farm.requests); read -r m0 k <<<"$(usage "$@")"
    sleep "$BENCH_SECONDS"
    r1=$(wc -l <$LAB/farm.requests); read -r m1 k <<<"$(usage "$@")"
    echo $(( (m1 - m0) * 1000 / (r1 > r0 ? r1 - r0 : 1) )) >>$LAB/each; echo $(( (r1 - r0) / BENCH_SECONDS )) >>$LAB/rates
  done
  printf '| %-32s | %5d | %9d | %12d | %9d |\n' "$name" "$count" "$(median <$LAB/rates)" "$(median <$LAB/each)" "$k" >>$LAB/table
}
count=1000
say "a bare loop"; bare=$(on director "$tools" loop http 10.20.0.1:80 3000); say "$bare"

say "ldirectord-rs"
ldirectord_configuration $count | configuration bench.cf
begin=$(hundredths)
ldirectord director bench.cf start
must wait_until 120 '[ "$(weighted)" = $count ]'; say "all up after $(( $(hundredths) - begin )) hundredths"
sleep 5; measure "ldirectord-rs" $count "$(daemon_pid bench.cf)"
ldirectord director bench.cf stop; must wait_until 30 "gone bench.cf"

say "keepalived"
keepalived_configuration $count >/etc/keepalived-bench.conf
launch keepalived director keepalived --dont-fork --check --log-detail --no-syslog --use-file /etc/keepalived-bench.conf
must wait_until 120 '[ "$(weighted)" = $count ]'
sleep 5
# The parent only supervises; the checker is its child.
measure "$(keepalived --version 2>&1 | sed -n '1s/ (.*//p')" $count $(pgrep keepalived)
kill "$(cat $LAB/keepalived.pid)"; must wait_until 30 '! pgrep keepalived >/dev/null'
on director ipvsadm -C

if [ -f "$LAB_PERL" ]; then
  say "ldirectord"
  ldirectord_configuration 50 | configuration perl.cf
  on director "$LAB_PERL" perl.cf start; must wait_until 120 '[ "$(weighted)" = 50 ]'
  sleep 5; measure "ldirectord 4.12 (one after another)" 50 "$(daemon_pid perl.cf)"
  on director "$LAB_PERL" perl.cf stop
fi
passed_assertion "measured"
echo "| program                          | reals | checks/s  | us per check | RSS in kB |"
echo "|----------------------------------|------:|----------:|-------------:|----------:|"
cat $LAB/table
printf '| %-32s | %5s | %9s | %12s | %9s |\n' "bare-socket loop" 1 "" "${bare%% *}" ""
echo
