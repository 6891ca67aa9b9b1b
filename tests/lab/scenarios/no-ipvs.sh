# A kernel whose ip_vs is not loaded: it is loaded when that is possible, else the start says what to do.
# seconds: 20
# kernel: guest
# modules: none
# only: ours
lan net
host director net 10.9.0.1/24
configuration simple.cf <<'X'
logfile="/var/log/ldirectord.log"
virtual=10.9.0.80:80
        real=10.9.0.11:80 masq
        checktype=on
        scheduler=mh
X
expect_that "the module is not loaded" [ ! -e /proc/net/ip_vs ]
mv /usr/lib/modules /usr/lib/modules.away
ldirectord director simple.cf start
expect "start without a module to load: exit code" 1 $code
expect_match "start without a module to load: what to do" "modprobe ip_vs" "$stdout$stderr"
expect "one sentence, not a dump" "" "$(grep -Ei 'panicked|backtrace|Os \{' <<<"$stderr")"
expect_that "no process stays" gone simple.cf
ldirectord director simple.cf status
expect "status after it: exit code" 3 $code

mv /usr/lib/modules.away /usr/lib/modules
ldirectord director simple.cf start
expect "start with a module to load: exit code" 0 $code
expect_soon 10 "service, scheduler module and real are there" 'TCP 10.9.0.80:80 mh
  10.9.0.11:80 Masq 1' table director
ldirectord director simple.cf stop
expect_soon 10 "the table is empty after the stop" "" table director

say "without permission"
sed 's/^logfile=.*/logfile="local0"/' /etc/ha.d/simple.cf | configuration nobody.cf
on director setpriv --reuid=65534 --regid=65534 --clear-groups $ld nobody.cf start >$LAB/last.stdout 2>$LAB/last.stderr; code=$?
expect "start as an ordinary user: exit code" 1 $code
expect_match "start as an ordinary user: why" "root|permission|Can not open /var/run" "$(cat $LAB/last.stderr)"
