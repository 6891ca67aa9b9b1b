# A restart removes what the new configuration dropped and nothing else, also where the old daemon hangs.
# seconds: 30
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 10.9.0.81/32
for n in 1 2; do
  host web$n net 10.9.0.1$n/24
  vip_on_loopback web$n 10.9.0.80 10.9.0.81
  web web$n web$n 0.0.0.0:80
done
# services N…: a configuration of these.
services() {
  local n real
  printf 'negotiatetimeout=2\ncheckinterval=1\nlogfile="/var/log/ldirectord.log"\n'
  for n in "$@"; do
    printf 'virtual=10.9.0.8%s:80\n' $n
    for real in 1 2; do printf '\treal=10.9.0.1%s:80 gate 3\n' $real; done
    printf '\tservice=http\n\tscheduler=rr\n\treceive="Test Page"\n'
  done
}
# shown N…: their table.
shown() { local n; for n in "$@"; do printf 'TCP 10.9.0.8%s:80 rr\n  10.9.0.11:80 Route 3\n  10.9.0.12:80 Route 3\n' $n; done; }

must on director ipvsadm -A -t 10.9.0.99:80 -s rr
foreign='TCP 10.9.0.99:80 rr'
services 0 1 | configuration up.cf
ldirectord director up.cf start
expect "start: exit code" 0 $code
expect_soon 10 "both services" "$(shown 0 1; echo "$foreign")" table director

services 0 | configuration up.cf
ldirectord director up.cf restart
expect "restart: exit code" 0 $code
expect_soon 10 "the dropped one is gone, a foreign one is not touched" "$(shown 0; echo "$foreign")" table director
expect_log "Purged virtual server (start): 10.9.0.81:80"

say "a hanging predecessor"
services 1 | configuration up.cf
kill -STOP "$(daemon_pid up.cf)"
ldirectord director up.cf restart
expect "restart over it: exit code" 0 $code
expect_soon 10 "its service is gone all the same" "$(shown 1; echo "$foreign")" table director
ldirectord director up.cf stop
expect_soon 10 "the end" "$foreign" table director
