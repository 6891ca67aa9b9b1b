# Changes made by hand stay: nothing is written while nothing changes, an edited weight lives until the real's own state or its
# configured weight changes, what was removed stays away until then; each is logged once and shown in status.
# seconds: 60
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 10.9.0.81/32
for n in 1 2 3; do host web$n net 10.9.0.1$n/24; web web$n web$n 0.0.0.0:80; done
# write_configuration WEIGHT: of the third real.
write_configuration() { configuration hand.cf <<X
negotiatetimeout=2
checkinterval=1
quiescent=no
logfile="/var/log/ldirectord.log"
virtual=10.9.0.80:80
        real=10.9.0.11:80 gate 4
        real=10.9.0.12:80 gate 4
        real=10.9.0.13:80 gate $1
        service=http
        scheduler=wrr
        receive="Test Page"
X
}
write_configuration 4
record_writes
ldirectord director hand.cf start
weights() { echo "$(weight director 10.9.0.11:80) $(weight director 10.9.0.12:80) $(weight director 10.9.0.13:80)"; }
expect_soon 20 "all are up" "4 4 4" weights
written=$(writes)
expect_stays 4 "a quiet table" "4 4 4" weights
expect "is not written to" "$written" "$(writes)"

say "a weight changed by hand (a drain), and one real removed by hand"
must on director ipvsadm -e -t 10.9.0.80:80 -r 10.9.0.11:80 -g -w 0
must on director ipvsadm -d -t 10.9.0.80:80 -r 10.9.0.12:80
expect_stays 5 "survive the steady state" "0 absent 4" weights
behave web3 wrong
expect_soon 15 "another real's flip" "0 absent absent" weights
behave web3 page
expect_soon 15 "does not touch them" "0 absent 4" weights
ldirectord director hand.cf reload
expect "a reload with the same file: exit code" 0 $code
expect_stays 3 "keeps the hand-set weight and, being identical, everything else" "0 absent 4" weights
expect "the change of the weight is logged once" 1 "$(log_count 'Changed by somebody else: 10.9.0.11:80 (10.9.0.80:80): ')"
expect "the removal is logged once" 1 "$(log_count 'Changed by somebody else: 10.9.0.12:80 (10.9.0.80:80): ')"
ldirectord director hand.cf status --verbose
expect_match "status shows the changed weight" '10\.9\.0\.11:80.*changed by somebody else' "$stdout"
expect_match "status shows the removed one" '10\.9\.0\.12:80.*changed by somebody else' "$stdout"

say "its own state changes"
behave web1 wrong; behave web2 wrong
expect_soon 15 "down is down" "absent absent 4" weights
behave web1 page; behave web2 page
expect_soon 15 "and up is the configured weight" "4 4 4" weights

say "its configured weight changes"
must on director ipvsadm -e -t 10.9.0.80:80 -r 10.9.0.13:80 -g -w 9
write_configuration 6
ldirectord director hand.cf reload
expect_soon 15 "the new weight is written" "4 4 6" weights

say "the whole service is removed by hand"
must on director ipvsadm -D -t 10.9.0.80:80
expect_stays 4 "it stays away" "" table director
write_configuration 5
ldirectord director hand.cf reload
expect_soon 15 "until a reload touches it" "4 4 5" weights
ldirectord director hand.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
