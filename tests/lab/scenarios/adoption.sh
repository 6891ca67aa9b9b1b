# A start over a table that is already there: reals with weight keep it until their verdict, what is not configured leaves,
# a fallback stays until a real is up, flags become those of the file, and what is right is not written again.
# seconds: 30
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32
for n in 1 2 3; do host web$n net 10.9.0.1$n/24; web web$n web$n 0.0.0.0:80; done
behave web1 silence; behave web3 wrong
kernel() { must on director ipvsadm "$@"; }
kernel -A -t 10.9.0.80:80 -s wlc -p 60
kernel -a -t 10.9.0.80:80 -r 10.9.0.11:80 -g -w 2
kernel -a -t 10.9.0.80:80 -r 10.9.0.12:80 -g -w 5
kernel -a -t 10.9.0.80:80 -r 10.9.0.13:80 -g -w 2
kernel -a -t 10.9.0.80:80 -r 10.9.0.77:80 -g -w 1
kernel -A -t 10.9.0.80:81 -s rr
kernel -a -t 10.9.0.80:81 -r 127.0.0.1:81 -g -w 1
configuration adopt.cf <<'X'
negotiatetimeout=6
checkinterval=1
quiescent=yes
logfile="/var/log/ldirectord.log"
virtual=10.9.0.80:80
        real=10.9.0.11:80 gate 2
        real=10.9.0.12:80 gate 2
        real=10.9.0.13:80 gate 2
        service=http
        scheduler=wrr
        receive="Test Page"
virtual=10.9.0.80:81
        real=10.9.0.11:80 masq
        fallback=127.0.0.1:81 gate
        service=http
        scheduler=rr
        receive="Test Page"
X
poll watch director
record_writes
ldirectord director adopt.cf start
expect "start: exit code" 0 $code
expect_soon 10 "scheduler and persistence are the file's" "TCP 10.9.0.80:80 wrr" eval 'table director | head -1'
expect_soon 10 "what is not configured leaves" absent weight director 10.9.0.77:80
expect_log "Purged real server (start): 10.9.0.77:80 (10.9.0.80:80)"
expect_soon 10 "a wrong weight is corrected" 2 weight director 10.9.0.12:80
expect_soon 10 "the one with the wrong page loses its weight" 0 weight director 10.9.0.13:80
expect_soon 15 "the one that hangs loses it, too, when its time is over" 0 weight director 10.9.0.11:80 10.9.0.80:80
expect_that "but not before" [ "$(awk '/10.9.0.11:80=2/ { last = $1 } END { print last }' $LAB/watch.states)" -gt "$(head -1 $LAB/watch.states | cut -d' ' -f1)" ]
expect "the fallback that was there stays" 1 "$(weight director 127.0.0.1:81)"
expect "and was not written again" "" "$(writes_with '127\.0\.0\.1:81')"
behave web1 page
fallback_weight() { table director | awk '/:81 rr/ { mine = 1 } mine && /127.0.0.1/ { print $3 }'; }
expect_soon 15 "until a real is up" "" fallback_weight
expect_soon 15 "which then has its weight" 2 weight director 10.9.0.11:80 10.9.0.80:80
end watch
ldirectord director adopt.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
