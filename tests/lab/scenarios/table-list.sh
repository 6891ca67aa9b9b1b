# `ldirectord-rs table list` prints the kernel's table byte for byte as `ipvsadm -L -n` does.
# seconds: 20
# only: ours
lan net
host director net 10.9.0.1/24
host web1 net 10.9.0.11/24
web web1 web1 0.0.0.0:80
mkdir -p /srv/bin; cp $ld /srv/bin/ldirectord-rs
# same WHAT
same() {
  on director ipvsadm -L -n >$LAB/theirs.stdout
  on director /srv/bin/ldirectord-rs table list >$LAB/ours.stdout; local code=$?
  expect "$1: exit code" 0 $code
  expect "$1: the same bytes" "$(od -c $LAB/theirs.stdout)" "$(od -c $LAB/ours.stdout)"
}
kernel() { must on director ipvsadm "$@"; }
same "an empty table"
kernel -A -t 10.9.0.1:80 -s rr
same "a service alone"
kernel -a -t 10.9.0.1:80 -r 10.9.0.11:80 -m -w 3
kernel -a -t 10.9.0.1:80 -r 10.9.0.12:8080 -m -w 65535 -x 20 -y 10
kernel -a -t 10.9.0.1:80 -r 10.9.0.13:80 -g -w 0
kernel -a -t 10.9.0.1:80 -r 127.0.0.1:80 -g
kernel -a -t 10.9.0.1:80 -r 10.9.0.14:80 -i
same "methods and weights"
kernel -A -u 10.9.0.1:5060 -s wlc -p 600 --pe sip
kernel -a -u 10.9.0.1:5060 -r 10.9.0.11:5060 -m
kernel -A -u 10.9.0.1:53 -s rr -o
kernel -A -t 10.9.0.1:443 -s sh -b sh-fallback,sh-port
kernel -A -t 10.9.0.1:444 -s mh -b mh-fallback -p 300 -M 255.255.255.0
kernel -A -t 10.9.0.1:0 -s wrr -p
kernel -A -f 7 -s lblcr
kernel -a -f 7 -r 10.9.0.11 -g
kernel -A -f 8 -6 -s dh -p 10 -M 64
kernel -a -f 8 -6 -r [fd00:9::11]:0 -g
kernel -A -t [fd00:9::1]:80 -s sed
kernel -a -t [fd00:9::1]:80 -r [fd00:9:1234:5678:9abc:def0:1234:5678]:80 -m -w 2
kernel -a -t [fd00:9::1]:80 -r [fd00:9::11]:8080 -m -w 2
kernel -A --sctp-service 10.9.0.1:132 -s nq
same "everything at once"
for n in 1 2 3; do who director 10.9.0.1:80 >/dev/null; done
same "with connections"
ln -sf /srv/bin/ldirectord-rs /srv/bin/ldirectord
on director /srv/bin/ldirectord table list >$LAB/under.stdout 2>&1
expect "under the name ldirectord there is no such verb" 255 $?
