# checktype=external and external-perl: shell, Python and Perl; what hangs is killed with all its children; how many at once.
# seconds: 70
# packages: python3-minimal procps
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 fd00:9::1/64 fd00:9::80/128
host server net 10.9.0.11/24 fd00:9::11/64
web web server 10.9.0.11:80 [fd00:9::11]:80
bin=/srv/bin; mkdir -p $bin
script() { cat >$bin/$1.new; chmod 755 $bin/$1.new; mv $bin/$1.new $bin/$1; }

# --- the programs: each asks the page of the real server
script shell <<'Y'
#!/bin/bash
exec 3<>"/dev/tcp/$3/$4" || exit 2
printf 'GET /index.html HTTP/1.0\r\n\r\n' >&3
read -t 3 -r first <&3 || { echo "no answer from $LDIRECTORD_REAL_ADDRESS"; exit 1; }
echo "${first%?}"
[[ $first == *" 200 "* ]]
Y
script python <<'Y'
#!/usr/bin/python3 -SE
import os, socket, sys
host = sys.argv[3].strip("[]")
asked = socket.create_connection((host, int(os.environ["LDIRECTORD_CHECKPORT"])), 3)
asked.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
first = asked.recv(1000).split(b"\r\n")[0].decode()
print(first)
sys.exit(0 if " 200 " in first else 1)
Y
perl_script() { script check.pl <<'Y'
use strict;
use IO::Socket::IP;
our $runs; $runs++;
my (undef, undef, $host, $port) = @ARGV;
$host =~ s/[\[\]]//g;
my $server = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Timeout => 3) or die "cannot connect: $@\n";
print $server "GET /index.html HTTP/1.0\r\n\r\n";
my $first = <$server> // '';
print "run $runs: $first";
exit($first =~ / 200 / ? 0 : 1);
Y
}
perl_script
# One that hangs, with children that ignore TERM, in its group and out of it.
script hang <<'Y'
#!/bin/sh
trap '' TERM HUP
(trap '' TERM; exec sleep 600) &
setsid sleep 601 &
wait
Y
script counted <<'Y'
#!/bin/sh
sleep 1
Y

services() { # NUMBER of externalmax
  printf 'checktimeout=10\ncheckinterval=4\nquiescent=no\nlogfile="/var/log/ldirectord.log"\nexternalmax=%s\n\n' "$1"
  printf 'virtual=10.9.0.80:%s\n\treal=10.9.0.11:80 masq\n\tchecktype=%s\n\tcheckcommand=%s\n\tscheduler=rr\n\n' \
    81 external $bin/shell 82 external "$bin/python" 83 external-perl $bin/check.pl
  printf 'virtual6=[fd00:9::80]:%s\n\treal6=[fd00:9::11]:80 masq\n\tchecktype=%s\n\tcheckcommand=%s\n\tscheduler=rr\n\n' \
    82 external "$bin/python" 83 external-perl $bin/check.pl
}
counted() { # the same, with a service of eight real servers whose check takes a second each
  services "$1"
  printf 'virtual=10.9.0.80:90\n\tchecktype=external\n\tcheckcommand="%s \x27a word\x27"\n\tcheckinterval=5\n\tscheduler=rr\n' $bin/counted
  for port in 1 2 3 4 5 6 7 8; do printf '\treal=10.9.0.11:%s masq\n' $port; done
}
up() { table director | awk '/^[A-Z]/ { service = $2; sub(/.*:/, "", service); if ($2 ~ /^\[/) service = "six:" service } /^ / && service != 90 { print service }' | LC_ALL=C sort | xargs; }
ninety() { table director | awk '/^[A-Z]/ { here = $2 ~ /:90$/ } /^ / && here' | wc -l; }
# most SECONDS: the greatest number of processes of `counted` that were seen at once.
most() { local end=$(( $(hundredths) + $1 * 100 )) n most=0; while [ "$(hundredths)" -lt $end ]; do n=$(pgrep -c -f "^/bin/sh $bin/counted"); [ $n -gt $most ] && most=$n; done; echo $most; }

counted 2 | configuration programs.cf
ldirectord director programs.cf probe
expect "probe: everything is up" 0 $code
expect_match "probe: the last line of output" '10\.9\.0\.11:80 +up +external-perl +run 1: HTTP/1\.. 200' "$stdout"
ldirectord director programs.cf start
expect "start: exit code" 0 $code
expect_soon 60 "every service is up" "81 82 83 six:82 six:83" up
expect_soon 60 "so are the eight that wait for each other" 8 ninety
seen=$(most 12)
expect_that "two at once ($seen were seen)" [ "$seen" = 2 ]
counted 5 | configuration programs.cf
ldirectord director programs.cf reload
expect "reload: exit code" 0 $code
expect_soon 30 "more at once after the reload" yes eval '[ $(most 6) -gt 2 ] && echo yes'
seen=$(most 12)
expect_that "but not more than five ($seen were seen)" [ "$seen" -le 5 ]
expect "everything is up all the time" "81 82 83 six:82 six:83 8" "$(up) $(ninety)"
services 64 | configuration programs.cf
ldirectord director programs.cf reload

say "the real server is broken"
behave web 500
expect_soon 30 "the wrong answer: all three languages say so" "" up
expect_log "exit code 1: HTTP/1"
behave web page
expect_soon 30 "up again" "81 82 83 six:82 six:83" up
die web
expect_soon 30 "refused" "" up
expect_log "exit code 255: cannot connect: "
revive web
expect_soon 30 "up once more" "81 82 83 six:82 six:83" up

say "the warm perl"
daemon=$(daemon_pid programs.cf)
worker() { pgrep -P "$(daemon_pid programs.cf)" -f "^$bin/check.pl"; }
first=$(worker)
expect "there is one" 1 "$(wc -w <<<"$first")"
expect_stays 7 "and it stays" "$first" worker
kill -9 "$first"
expect_soon 30 "killed, it is started anew" yes eval '[ -n "$(worker)" ] && [ "$(worker)" != '"$first"' ] && echo yes'
expect_stays 4 "and nobody is down for that" "81 82 83 six:82 six:83" up
echo 'use strict; $undeclared = 1;' | script check.pl
expect_soon 30 "a script that does not compile is down" "81 82 six:82" up
expect_log 'the script does not compile: Global symbol "$undeclared"'
perl_script
expect_soon 30 "mended it is up without a reload" "81 82 83 six:82 six:83" up
expect_soon 10 "no earlier perl is left" 1 eval 'pgrep -c -f "^$bin/check.pl"'

say "programs that hang"
cp $bin/hang $bin/check.new; mv $bin/check.new $bin/shell
{ echo 'use strict; $SIG{TERM} = "IGNORE"; fork; sleep 602;'; } | script check.pl
expect_soon 60 "they are down at their deadline" "82 six:82" up
expect_log "receive: no answer within 10 s"
{ echo 'exit 0'; } | script check.pl
printf '#!/bin/sh\nexit 0\n' | script shell
expect_soon 40 "what replaces them is up" "81 82 83 six:82 six:83" up
expect_soon 20 "nothing of what hung is left, in its group or out of it" "" pgrep -f "sleep 60[0-9]|$bin/hang"

say "the daemon is killed"
must test -n "$(worker)"
kill -9 "$daemon"
expect_soon 10 "its perl ends with it" "" pgrep -f "^$bin/check.pl"
ldirectord director programs.cf start
expect_soon 40 "and the next one takes over" "81 82 83 six:82 six:83" up
ldirectord director programs.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
expect_soon 10 "no program is left" "" pgrep -f "$bin/"
