# Two web servers behind one director by direct routing; one dies, the page goes wrong, both are down, they come back.
# seconds: 45
lan net
host director net 10.9.0.1/24 10.9.0.80/32
host client net 10.9.0.100/24
for n in 1 2; do
  host web$n net 10.9.0.1$n/24
  vip_on_loopback web$n 10.9.0.80
  web web$n web$n 0.0.0.0:80
done
web sorry director 127.0.0.1:80 10.9.0.80:80

configuration web.cf <<'X'
checktimeout=3
negotiatetimeout=3
checkinterval=1
quiescent=yes
logfile="/var/log/ldirectord.log"
virtual=10.9.0.80:80
        real=10.9.0.11:80 gate
        real=10.9.0.12:80 gate
        fallback=127.0.0.1:80 gate
        service=http
        scheduler=rr
        protocol=tcp
        checktype=negotiate
        request="index.html"
        receive="Test Page"
X
both='TCP 10.9.0.80:80 rr
  10.9.0.11:80 Route 1
  10.9.0.12:80 Route 1'

ldirectord director web.cf status
expect "status before the start: exit code" 3 $code
expect "status before the start: words" "ldirectord is stopped for /etc/ha.d/web.cf" "$stdout"

ldirectord director web.cf start
expect "start: exit code" 0 $code
expect_soon 15 "both servers are in the table" "$both" table director
pid=$(daemon_pid web.cf)
ldirectord director web.cf status
expect "status while it runs: exit code" 0 $code
expect_match "status while it runs: words" "^ldirectord for /etc/ha.d/web.cf is running with pid: $pid\$" "$stdout
$stderr"
ldirectord director web.cf start
expect "start while it runs: exit code" 0 $code
expect "start while it runs: still the same process" "$pid" "$(daemon_pid web.cf)"
expect "a client reaches both in turn" "web1 5
web2 5" "$(answers client 10.9.0.80:80 10)"

say "one dies"
stream clients client 10.9.0.80:80 50
die web1
expect_soon 15 "the dead one has weight 0" 0 weight director 10.9.0.11:80
since=$(milliseconds)
sleep 3
expect "from then on no new connection fails" "" "$(failures_since clients $since)"
expect "and there were connections" yes "$(enough_since clients $since)"
expect "only the other one answers" "web2 6" "$(answers client 10.9.0.80:80 6)"
expect_log "Quiescent real server: 10.9.0.11:80 (10.9.0.80:80) (Weight set to 0)"
revive web1
expect_soon 15 "it is back" "$both" table director
expect_log "Restored real server: 10.9.0.11:80 (10.9.0.80:80) (Weight set to 1)"

say "the page is there but wrong"
behave web2 wrong
expect_soon 15 "the wrong one has weight 0" 0 weight director 10.9.0.12:80
since=$(milliseconds)
sleep 3
expect "from then on no new connection fails or gets the wrong page" "" "$(failures_since clients $since)"
expect "and there were connections" yes "$(enough_since clients $since)"
end clients

say "both are down"
die web1
expect_soon 15 "the fallback stands in" 'TCP 10.9.0.80:80 rr
  10.9.0.11:80 Route 0
  10.9.0.12:80 Route 0
  127.0.0.1:80 Route 1' table director
expect "and answers" "sorry 4" "$(answers client 10.9.0.80:80 4)"
expect_log "Added fallback server: 127.0.0.1:80 (10.9.0.80:80) (Weight set to 1)"
behave web2 page
expect_soon 15 "one is back: the fallback is gone" 'TCP 10.9.0.80:80 rr
  10.9.0.11:80 Route 0
  10.9.0.12:80 Route 1' table director
expect_log "Deleted fallback server: 127.0.0.1:80 (10.9.0.80:80)"
revive web1
expect_soon 15 "both are back" "$both" table director

ldirectord director web.cf stop
expect "stop: exit code" 0 $code
ours && expect_that "stop returns when the process has ended" gone web.cf "$pid"
expect_that "the process ends" wait_until 10 "gone web.cf $pid"
expect "the table is empty" "" "$(table director)"
ldirectord director web.cf status
expect "status after the stop: exit code" 3 $code
expect "status after the stop: words" "ldirectord is stopped for /etc/ha.d/web.cf" "$stdout"
ldirectord director web.cf stop
expect "stop of a stopped one: exit code" 0 $code
