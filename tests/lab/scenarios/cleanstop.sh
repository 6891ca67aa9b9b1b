# cleanstop=yes removes what the configuration owns, cleanstop=no leaves it as it is, each virtual by its own setting; a stop
# ends at once even while a check hangs.
# seconds: 35
lan net
host director net 10.9.0.1/24 10.9.0.80/32
for n in 1 2; do host web$n net 10.9.0.1$n/24; web web$n web$n 0.0.0.0:80; done
configuration stop.cf <<'X'
negotiatetimeout=30
checkinterval=1
quiescent=yes
cleanstop=no
logfile="/var/log/ldirectord.log"
virtual=10.9.0.80:80
        real=10.9.0.11:80 gate 2
        real=10.9.0.12:80 gate 3
        service=http
        scheduler=rr
        receive="Test Page"
virtual=10.9.0.80:81
        real=10.9.0.11:80 masq
        service=http
        scheduler=rr
        receive="Test Page"
        cleanstop=yes
X
left='TCP 10.9.0.80:80 rr
  10.9.0.11:80 Route 2
  10.9.0.12:80 Route 3'
all="$left
TCP 10.9.0.80:81 rr
  10.9.0.11:80 Masq 1"
ldirectord director stop.cf start
expect_soon 20 "both services are served" "$all" table director
since=$(milliseconds)
if ours; then behave web2 silence; must wait_until 15 '[ "$(requests_since web2 $since 10.9.0.1)" -gt 0 ]'; sleep 2; fi
pid=$(daemon_pid stop.cf); begin=$(hundredths)
ldirectord director stop.cf stop
expect "stop: exit code" 0 $code
expect_that "the process ends" wait_until 25 "gone stop.cf $pid"
ours && expect_that "at once, though a check hangs ($(( $(hundredths) - begin )) hundredths)" [ $(( $(hundredths) - begin )) -lt 1000 ]
expect "cleanstop=no leaves its service, cleanstop=yes does not" "$left" "$(table director)"
expect_log "Linux Director Daemon terminated on signal: TERM"
behave web2 page
poll watch director
ldirectord director stop.cf start
expect_soon 20 "the next start takes over" "$all" table director
end watch
expect "and never took a weight away meanwhile" "" "$(grep -Ev '10.9.0.80:80>[^|]*10.9.0.11:80=2' $LAB/watch.states; grep -Ev '10.9.0.80:80>[^|]*10.9.0.12:80=3' $LAB/watch.states)"
sed 's/^cleanstop=no/cleanstop=yes/' /etc/ha.d/stop.cf | configuration stop.cf
ldirectord director stop.cf reload
sleep 3
ldirectord director stop.cf stop
expect_soon 10 "after a reload with cleanstop=yes a stop removes everything" "" table director
