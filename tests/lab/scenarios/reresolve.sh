# reresolve: a real server's name moves to another server, to a dead one, to nothing, while the name server is silent, and back;
# clients never notice, and what is dead never has a weight. With quiescent=no that takes expire_nodest_conn (ipvssysctl), as at any
# removal: without it the kernel drops a client that uses a port again on which it once reached what was removed.
# seconds: 190
# services: names
# packets: no
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 10.9.0.81/32
host resolver net 10.9.0.53/24
host client net 10.9.0.100/24
for n in 1 2 3; do
  host web$n net 10.9.0.1$n/24
  vip_on_loopback web$n 10.9.0.80 10.9.0.81
done
web web1 web1 0.0.0.0:80; web web2 web2 0.0.0.0:80
name_server resolver 10.9.0.53
means www.lab 10.9.0.11
{ printf 'negotiatetimeout=2\ncheckinterval=1\nreresolve=yes\nipvssysctl=set\nlogfile="/var/log/ldirectord.log"\n'
  for quiescent in yes no; do
    printf 'virtual=10.9.0.8%s:80\n' $([ $quiescent = yes ] && echo 0 || echo 1)
    printf '\treal=www.lab:80 gate 3\n\tservice=http\n\tscheduler=rr\n\tquiescent=%s\n\treceive="Test Page"\n' $quiescent
  done; } | configuration names.cf
record_writes
ldirectord director names.cf start
expect "start: exit code" 0 $code
at() { echo "$(weight director 10.9.0.1$1:80 10.9.0.80:80) $(weight director 10.9.0.1$1:80 10.9.0.81:80)"; } # N: its weight in both services
expect_soon 30 "the first address is in both services" "3 3" at 1
poll watch director
stream drained client 10.9.0.80:80 50
stream replaced client 10.9.0.81:80 50
sleep 1; since=$(milliseconds)
# unharmed WHAT
unharmed() {
  expect "$1: no client failed (quiescent=yes)" "" "$(failures_since drained $since)"
  expect "$1: no client failed (quiescent=no)" "" "$(failures_since replaced $since)"
  expect "$1: and there were some" "yes yes" "$(enough_since drained $since) $(enough_since replaced $since)"
  expect "$1: no write ever gave the dead one a weight" "" "$(writes_with '10\.9\.0\.13.*"weight":[1-9]')"
  since=$(milliseconds)
}

means www.lab 10.9.0.12
expect_soon 30 "the second address takes over" "3 3" at 2
expect_soon 10 "the first one is drained, or gone" "0 absent" at 1
expect_log "the name means 10.9.0.12 now; 10.9.0.11 stays until 10.9.0.12 has passed its check"
expect_log "10.9.0.12 is up and takes over, 10.9.0.11 gets no new connections"
expect_log "10.9.0.12 is up and takes over, 10.9.0.11 is removed"
expect_soon 10 "clients are there" "web2" who client 10.9.0.80:80
sleep 1; unharmed "moved"
ldirectord director names.cf status --verbose
expect_match "status shows the name beside the address" '10\.9\.0\.12:80 \(www\.lab\) +up ' "$stdout"
expect_match "and what was left" '10\.9\.0\.11:80 \(www\.lab\) +leaving ' "$stdout"

means www.lab 10.9.0.13
expect_log "the name means 10.9.0.13 now; 10.9.0.12 stays"
expect_stays 6 "a dead one does not take over" "3 3" at 2
unharmed "moved to a dead one"

say "the name server falls silent"
kill -STOP "$(cat $LAB/names.pid)"
expect_that "the log says that nothing resolves" wait_until 40 log_has "www.lab does not resolve"
expect_stays 3 "the last address that was up is kept" "3 3" at 2
unharmed "silent"
kill -CONT "$(cat $LAB/names.pid)"
means www.lab
expect_stays 8 "no such name: the same" "3 3" at 2
expect "told once" 1 "$(log_count 'www.lab does not resolve')"
unharmed "no such name"

means www.lab 10.9.0.11
expect_soon 60 "back to the first one" "3 3" at 1
expect_log "www.lab resolves again"
expect_soon 10 "the second one is left" "0 absent" at 2
sleep 1; unharmed "back"
say "two addresses, one of which is in force"
means www.lab 10.9.0.12 10.9.0.11
expect_stays 8 "nothing moves" "3 3" at 1
unharmed "two addresses"

say "a reload while the name has moved to the dead one"
means www.lab 10.9.0.13
sleep 2
ldirectord director names.cf reload
expect_stays 6 "the address in force stays" "3 3" at 1
unharmed "reload"
end watch; end drained; end replaced
ldirectord director names.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
