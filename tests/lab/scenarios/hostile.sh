# Reals that hang, drip, flood, reset or answer garbage are down within their timeout and with a reason; nobody else's check
# is delayed, and memory stays bounded.
# seconds: 45
# packets: no
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32
host good net 10.9.0.10/24; web good good 0.0.0.0:80
n=10; names=(good)
for behaviour in wrong 500 silence drip headers body reset garbage; do
  n=$(( n + 1 )); names+=($behaviour)
  host $behaviour net 10.9.0.$n/24; echo $behaviour >$LAB/$behaviour.state
  web $behaviour $behaviour 0.0.0.0:80
done
host refusing net 10.9.0.$(( n + 1 ))/24; names+=(refusing)
{ printf 'negotiatetimeout=3\ncheckinterval=1\nquiescent=yes\nlogfile="/var/log/ldirectord.log"\n'
  printf 'virtual=10.9.0.80:80\n\tservice=http\n\tscheduler=rr\n\treceive="Test Page"\n'
  for (( n = 0; n < ${#names[@]}; n++ )); do printf '\treal=10.9.0.%s:80 gate\n' $(( 10 + n )); done
  printf '\treal=10.9.0.200:80 gate\n'      # nobody there at all
} | configuration hostile.cf
ldirectord director hostile.cf start
expect "start: exit code" 0 $code
expect_soon 15 "the good one is up" 1 weight director 10.9.0.10:80
since=$(milliseconds); sleep 12
asked=$(requests_since good $since 10.9.0.1)
expect_that "it is asked once a second all the time (asked $asked times in 12 s)" [ "$asked" -ge 7 ]
for (( n = 1; n < ${#names[@]}; n++ )); do
  expect "${names[$n]} has no weight" 0 "$(weight director 10.9.0.$(( 10 + n )):80)"
done
expect "the one that is not there has no weight" 0 "$(weight director 10.9.0.200:80)"
ldirectord director hostile.cf status --verbose
reason() { grep "10\.9\.0\.$1:80" <<<"$stdout"; }
for (( n = 1; n < ${#names[@]}; n++ )); do
  expect_match "status says why ${names[$n]} is down" 'down.*[a-z]{4,}' "$(reason $(( 10 + n )))"
done
read -r milliseconds kilobytes <<<"$("$tools" usage "$(daemon_pid hostile.cf)")"
expect_that "memory is bounded ($kilobytes kB resident)" [ "$kilobytes" -lt 40000 ]
pid=$(daemon_pid hostile.cf); begin=$(hundredths)
ldirectord director hostile.cf stop
expect_that "the stop is not delayed by them" [ $(( $(hundredths) - begin )) -lt 300 ]
expect_that "the process has ended" gone hostile.cf "$pid"
