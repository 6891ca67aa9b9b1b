# Two nodes behind NAT, web and SIP over UDP with persistence, quiescent=no, autoreload=yes: SIP 503 and silence take a
# node out, an edited weight arrives by itself, a broken edit changes nothing and is logged.
# seconds: 60
lan front back
host director front 10.9.0.1/24 10.9.0.80/32; host director back 192.168.7.1/24
host client front 10.9.0.100/24
router director
for n in 1 2; do
  host node$n back 192.168.7.1$n/24
  route node$n default via 192.168.7.1
  web web$n node$n 192.168.7.1$n:80
  sip sip$n node$n 192.168.7.1$n:5060
done

# write_configuration WEIGHT: node 1's weight for the web service.
write_configuration() {
  configuration nat.cf <<X
checktimeout=2
negotiatetimeout=2
checkinterval=1
autoreload=yes
quiescent=no
logfile="/var/log/ldirectord.log"
virtual=10.9.0.80:80
        real=192.168.7.11:80 masq $1
        real=192.168.7.12:80 masq 1
        service=http
        scheduler=wrr
        protocol=tcp
        request="index.html"
        receive="Test Page"
virtual=10.9.0.80:5060
        real=192.168.7.11:5060 masq
        real=192.168.7.12:5060 masq
        service=sip
        scheduler=rr
        persistent=600
        protocol=udp
        login="lab@10.9.0.80"
X
}
# expect_table WHAT WEB-WEIGHT-OF-NODE-1 SIP-NODE…
expect_table() {
  local what=$1 weight=$2 node; shift 2
  expect_soon 20 "$what" "TCP 10.9.0.80:80 wrr
  192.168.7.11:80 Masq $weight
  192.168.7.12:80 Masq 1
UDP 10.9.0.80:5060 rr persistent 600$(for node in "$@"; do printf '\n  192.168.7.1%s:5060 Masq 1' "$node"; done)" table director
}

write_configuration 3
record_writes
ldirectord director nat.cf start
expect "start: exit code" 0 $code
expect_table "both nodes serve both" 3 1 2
expect "the web goes by weight" "web1 6
web2 2" "$(answers client 10.9.0.80:80 8)"
first=$(options client 10.9.0.80:5060); other=$([ "${first#* }" = sip1 ] && echo 2 || echo 1); node=$(( 3 - other ))
expect_match "SIP is answered through the director" '^200 sip[12]$' "$first"
expect "and stays with one node" "$first" "$(options client 10.9.0.80:5060)"

say "a node answers 503"
behave sip$node 503
expect_table "503 takes it out" 3 $other
expect "the client gets the other one" "200 sip$other" "$(options client 10.9.0.80:5060)"
expect_log "Deleted real server: 192.168.7.1$node:5060 (10.9.0.80:5060)"
behave sip$node 200
expect_table "200 brings it back" 3 1 2

say "a node is silent"
behave sip$other silence
expect_table "silence takes it out" 3 $node
expect "the client gets the other one" "200 sip$node" "$(options client 10.9.0.80:5060)"
behave sip$other 200
expect_table "an answer brings it back" 3 1 2

say "an edited weight"
write_configuration 7
expect_table "it arrives by itself" 7 1 2
expect_log "Configuration file '/etc/ha.d/nat.cf' has changed on disk"
expect_log " - reread new configuration"

say "a broken edit"
before=$(saved director | sort); writes=$(writes)
cp /etc/ha.d/nat.cf $LAB/good.cf
sed -e 's/^checkinterval=1/checkinterval=often/' -e 's/192.168.7.12:80 masq 1/192.168.7.12:80 nat 1/' -e 's/scheduler=rr/shceduler=rr/' $LAB/good.cf | configuration nat.cf
if perl_original; then expect_log "reading file /etc/ha.d/nat.cf at line 3: invalid check interval value"
else
  expect_that "every error is logged, with its line: 3" wait_until 10 "grep -q 'at line 3:.*check interval' $log"
  expect_that "every error is logged, with its line: 9" wait_until 10 "grep -q 'at line 9:.*forward method must be gate, masq or ipip' $log"
  expect_that "every error is logged, with its line: 19" wait_until 10 "grep -q 'at line 19:.*[Uu]nknown command' $log"
fi
expect_stays 3 "the table stays" "$before" eval 'saved director | sort'
ours && expect "and nothing was written to the kernel" "$writes" "$(writes)"
ours && {
  behave sip1 503
  expect_table "checks go on with the old configuration" 7 2
  behave sip1 200
  expect_table "in both directions" 7 1 2
}
ours && { ldirectord director nat.cf status; expect "status answers with a broken file, too" 0 $code; }
configuration nat.cf <$LAB/good.cf
write_configuration 2
ours && expect_table "a mended file is taken" 2 1 2
ldirectord director nat.cf stop
expect "stop: exit code" 0 $code
expect_soon 10 "the table is empty" "" table director
