# When the fallback stands in: all down at the start, pending longer than five seconds, no reals at all, off; and when it
# does not: one real up, on, a healthy real of weight 0. Each virtual's own before the global one.
# seconds: 45
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32
for n in 1 2; do host web$n net 10.9.0.1$n/24; web web$n web$n 0.0.0.0:80; done
behave web2 silence
# virtual PORT REAL CHECKTYPE [LINE…]
virtual() {
  printf 'virtual=10.9.0.80:%s\n\tservice=http\n\tscheduler=rr\n\tcheckport=80\n\tchecktype=%s\n\treceive="Test Page"\n' $1 "$3"
  [ -n "$2" ] && printf '\treal=%s\n' "$2"
  shift 3; [ $# = 0 ] || printf '\t%s\n' "$@"
}
{ printf 'negotiatetimeout=12\ncheckinterval=1\nquiescent=no\nlogfile="/var/log/ldirectord.log"\nfallback=10.9.0.99:80 masq\n'
  virtual 1 "10.9.0.11:80 masq" negotiate
  virtual 2 "10.9.0.15:80 masq" negotiate
  virtual 3 "10.9.0.15:80 masq" negotiate "fallback=127.0.0.1:8080 gate"
  virtual 4 "10.9.0.12:80 masq" negotiate
  virtual 5 "" negotiate
  virtual 6 "10.9.0.11:80 masq" off
  virtual 7 "10.9.0.15:80 masq" on
  virtual 8 "10.9.0.11:80 masq 0" negotiate
} | configuration fall.cf
host gone net 10.9.0.15/24      # nobody listens: refused at once

# reals PORT: the destinations of one virtual.
reals() { table director | awk -v service="10.9.0.80:$1" '/^TCP/ { mine = $2 == service } /^ / && mine { print $1, $3 }'; }
poll watch director
ldirectord director fall.cf start
expect "start: exit code" 0 $code
expect_soon 15 "one real is up: no fallback" "10.9.0.11:80 1" reals 1
expect_soon 15 "all down: the global one, with the virtual's port when it has none of its own" "10.9.0.99:80 1" reals 2
expect_soon 15 "all down: the virtual's own, its port mapped to the service's for gate" "127.0.0.1:3 1" reals 3
expect_soon 15 "no reals at all" "10.9.0.99:80 1" reals 5
expect_soon 15 "off counts as down" "10.9.0.99:80 1" reals 6
expect_soon 15 "on counts as up" "10.9.0.15:80 1" reals 7
expect_soon 15 "weight 0 with a healthy verdict is live" "10.9.0.11:80 0" reals 8
expect_soon 15 "pending longer than five seconds: it stands in" "10.9.0.99:80 1" reals 4
expect_that "no verdict had been reached by then" [ -z "$(grep '10.9.0.12' $log)" ]
behave web2 page
expect_soon 30 "a real comes up: it leaves" "10.9.0.12:80 1" reals 4
die web1
expect_soon 15 "the last real dies: it stands in" "10.9.0.99:80 1" reals 1
revive web1
expect_soon 15 "and leaves again" "10.9.0.11:80 1" reals 1
end watch
expect "no virtual ever had an unverified real" "" "$(grep -E '10\.9\.0\.80:(2|3)> [^|]*10\.9\.0\.15' $LAB/watch.states)"
ldirectord director fall.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
