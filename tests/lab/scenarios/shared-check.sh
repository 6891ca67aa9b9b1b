# Two virtuals share their reals: one check serves both, and both follow.
# seconds: 30
lan net
host director net 10.9.0.1/24 10.9.0.80/32 10.9.0.81/32
host client net 10.9.0.100/24
for n in 1 2; do
  host web$n net 10.9.0.1$n/24
  vip_on_loopback web$n 10.9.0.80 10.9.0.81
  web web$n web$n 0.0.0.0:80
done
{ printf 'negotiatetimeout=3\ncheckinterval=1\nquiescent=yes\nlogfile="/var/log/ldirectord.log"\n'
  for vip in 10.9.0.80:80 10.9.0.81:80; do
    printf 'virtual=%s\n\treal=10.9.0.11:80 gate\n\treal=10.9.0.12:80 gate\n\tservice=http\n\tscheduler=rr\n\treceive="Test Page"\n' $vip
  done; } | configuration shared.cf
# shared WEIGHT-1 WEIGHT-2: the table.
shared() { for vip in 10.9.0.80:80 10.9.0.81:80; do printf 'TCP %s rr\n  10.9.0.11:80 Route %s\n  10.9.0.12:80 Route %s\n' $vip $1 $2; done; }
ldirectord director shared.cf start
expect "start: exit code" 0 $code
expect_soon 20 "both reals are in both virtuals" "$(shared 1 1)" table director
since=$(milliseconds); sleep 5
asked=$(requests_since web1 $since 10.9.0.1)
expect_that "one check a second, not one for each virtual (asked $asked times in five seconds)" [ "$asked" -ge 2 -a "$asked" -le 7 ]
restored() { echo "$(log_count 'Restored real server: 10.9.0.11:80 (10.9.0.80:80)') $(log_count 'Restored real server: 10.9.0.11:80 (10.9.0.81:80)')"; }
before=$(restored)
behave web1 wrong
expect_soon 15 "both virtuals follow down" "$(shared 0 1)" table director
behave web1 page
expect_soon 15 "both virtuals follow up" "$(shared 1 1)" table director
expect_that "both log it (before: $before, now: $(restored))" [ "$(restored)" = "$(( ${before% *} + 1 )) $(( ${before#* } + 1 ))" ]
ldirectord director shared.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
