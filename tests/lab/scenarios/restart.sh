# Kill -9, restart and an upgrade of the binary while clients are connected: nothing that was up loses its weight for a
# moment, nothing dead gains any. Shown by the record of every write and by reading the table as fast as it goes.
# seconds: 75
# packets: no
lan net
host director net 10.9.0.1/24 10.9.0.80/32 10.9.0.81/32
host client net 10.9.0.100/24
for n in 1 2 3; do
  host web$n net 10.9.0.1$n/24
  vip_on_loopback web$n 10.9.0.80 10.9.0.81
done
web web1 web1 0.0.0.0:80; web web2 web2 0.0.0.0:80
{ printf 'negotiatetimeout=2\ncheckinterval=1\nlogfile="/var/log/ldirectord.log"\n'
  for quiescent in yes no; do
    printf 'virtual=10.9.0.8%s:80\n' $([ $quiescent = yes ] && echo 0 || echo 1)
    for n in 1 2 3; do printf '\treal=10.9.0.1%s:80 gate 3\n' $n; done
    printf '\tservice=http\n\tscheduler=rr\n\tquiescent=%s\n\treceive="Test Page"\n\tfallback=127.0.0.1:80 gate\n' $quiescent
  done; } | configuration up.cf
steady='TCP 10.9.0.80:80 rr
  10.9.0.11:80 Route 3
  10.9.0.12:80 Route 3
  10.9.0.13:80 Route 0
TCP 10.9.0.81:80 rr
  10.9.0.11:80 Route 3
  10.9.0.12:80 Route 3'

record_writes
ldirectord director up.cf start
expect "start: exit code" 0 $code
expect_soon 20 "two are up, the third is dead" "$steady" table director
poll watch director
hold held client 10.9.0.80:80 6
stream clients client 10.9.0.81:80 50
must wait_until 20 '[ "$(count held opened)" = 6 ]'
first=$(( $(writes) + 1 )); since=$(milliseconds)

# unharmed WHAT: so far no client, no real and no write was touched by it.
unharmed() {
  expect_soon 20 "$1: the table is the same" "$steady" table director
  expect "$1: no real that was up lost its weight, no dead one gained any" "" \
    "$("$tools" lapses $LAB/watch.states 10.9.0.11:80=3 10.9.0.12:80=3 10.9.0.13:80=0 127.0.0.1:80=0)"
  expect "$1: held connections live" "6 0" "$(count held opened) $(count held broken)"
  expect "$1: no new connection failed" "" "$(failures_since clients $since)"
  if ours; then
    expect "$1: no write concerned the reals that are up" "" "$(writes_with '10\.9\.0\.1[12]\b' $first)"
    expect "$1: no write gave the dead one a weight" "" "$(writes_with '10\.9\.0\.13.*"weight":[1-9]' $first)"
  fi
}

pid=$(daemon_pid up.cf)
say "kill -9"
kill -9 $pid; must wait_until 10 "! alive $pid"
sleep 1
unharmed "killed"
ldirectord director up.cf status
expect "status of a killed one: exit code" 1 $code
expect_match "status of a killed one: words" "ldirectord stale pid file /var/run/ldirectord.up.cf.pid for /etc/ha.d/up.cf" "$stderr"
if perl_original; then end clients; end watch; end held; ldirectord director up.cf start; must wait_until 20 '[ -n "$(daemon_pid up.cf)" ]'; sleep 8; ldirectord director up.cf stop; return; fi
ldirectord director up.cf start
expect "start after it: exit code" 0 $code
sleep 4
unharmed "started again"

say "restart"
pid=$(daemon_pid up.cf)
ldirectord director up.cf restart
expect "restart: exit code" 0 $code
expect_that "restart: another process" [ "$(daemon_pid up.cf)" != "$pid" ]
expect_that "restart: the old one is gone" wait_until 10 "! alive $pid"
sleep 4
unharmed "restarted"

say "upgrade of the binary"
cp $ld $ld.new; printf 'another build' >>$ld.new; mv $ld.new $ld
pid=$(daemon_pid up.cf)
ldirectord director up.cf status
expect "status while the binary was replaced: exit code" 0 $code
ldirectord director up.cf restart
expect "upgrade: exit code" 0 $code
expect_that "upgrade: the old process is gone" wait_until 10 "! alive $pid"
expect_that "upgrade: the new one runs the new binary" cmp -s "/proc/$(daemon_pid up.cf)/exe" $ld
sleep 4
unharmed "upgraded"
expect "and there were connections all the time" yes "$(enough_since clients $since)"

say "a real dies while no daemon runs"
end clients; end watch
pid=$(daemon_pid up.cf); kill -9 $pid; must wait_until 10 "! alive $pid"
die web2; web web3 web3 0.0.0.0:80
ldirectord director up.cf start
expect_soon 20 "the next daemon finds out both ways" 'TCP 10.9.0.80:80 rr
  10.9.0.11:80 Route 3
  10.9.0.12:80 Route 0
  10.9.0.13:80 Route 3
TCP 10.9.0.81:80 rr
  10.9.0.11:80 Route 3
  10.9.0.13:80 Route 3' table director
end held
ldirectord director up.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
