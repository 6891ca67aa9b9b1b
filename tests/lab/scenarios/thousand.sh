# 1,000 reals of which 100 hang: the other 900 are verified within one timeout of the start.
# seconds: 60
# packets: no
# memory: 1024M
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32
host farm net 10.9.0.2/24
setting farm net.core.somaxconn=4096 net.ipv4.tcp_max_syn_backlog=8192
must ip -n farm route add local 10.20.0.0/16 dev lo
route director 10.20.0.0/16 via 10.9.0.2
timeout=20
{ printf 'negotiatetimeout=%s\ncheckinterval=10\nlogfile="/var/log/ldirectord.log"\nquiescent=no\n' $timeout
  printf 'virtual=10.9.0.80:80\n\tservice=http\n\tscheduler=rr\n\treceive="Test Page"\n'
  for third in 0 1 2 3; do for fourth in $(seq 1 250); do
    printf '\treal=10.20.%s.%s:80 masq\n' $third $fourth
    [ $(( fourth % 10 )) = 0 ] && echo 10.20.$third.$fourth >>$LAB/hanging
  done; done; } | configuration thousand.cf
echo page >$LAB/farm.state
launch farm farm "$tools" web --state $LAB/farm.state --hang $LAB/hanging 0.0.0.0:80
must wait_until 20 "listening farm 80"
expect "a hundred hang" 100 "$(grep -c . $LAB/hanging)"

# reals: destinations with weight, read where reading is cheap.
reals() { on director awk 'NR > 3 && $1 == "->" && $4 > 0 { n++ } END { print n + 0 }' /proc/net/ip_vs; }
begin=$(hundredths)
ldirectord director thousand.cf start
expect "start: exit code" 0 $code
expect_that "900 are in the table" wait_until 90 '[ "$(reals)" -ge 900 ]'
spent=$(( $(hundredths) - begin ))
say "900 verified after $spent hundredths of a second"
expect_that "within one timeout of the start ($timeout s; it took $spent hundredths)" [ $spent -le $(( timeout * 100 )) ]
expect_stays 5 "exactly those" 900 reals
hanging_in_table() { on director ipvsadm -L -n | awk '$1 == "->" { print $2 }' | grep -cFxf <(sed 's/$/:80/' $LAB/hanging); true; }
expect "none of those that hang" 0 "$(hanging_in_table)"
say "processor milliseconds and resident kilobytes: $("$tools" usage "$(daemon_pid thousand.cf)")"

say "stop while a hundred checks hang"
begin=$(hundredths); pid=$(daemon_pid thousand.cf)
ldirectord director thousand.cf stop
expect "stop: exit code" 0 $code
expect_that "the process has ended" gone thousand.cf "$pid"
expect_that "it did not wait for the checks" [ $(( $(hundredths) - begin )) -lt $(( timeout * 50 )) ]
expect "the table is empty" "" "$(table director)"
