# The dialogues in lines against the servers they are for: postfix, dovecot, vsftpd, redis, memcached, OpenSSH.
# seconds: 140
# packages: postfix dovecot-imapd dovecot-pop3d vsftpd redis-server memcached openssh-server openssl
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 fd00:9::1/64 fd00:9::80/128
host server net 10.9.0.11/24 fd00:9::11/64
here=/srv/services; mkdir -p $here/ftp $here/home; chmod 755 /srv $here $here/ftp; chown nobody $here/home
must openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail.lab -addext subjectAltName=DNS:mail.lab \
  -addext basicConstraints=critical,CA:FALSE -keyout $here/key.pem -out $here/cert.pem 2>/dev/null

# --- the servers
cat >$here/dovecot.conf <<X
protocols = imap pop3
listen = *, ::
base_dir = /run/dovecot
log_path = $here/dovecot.log
ssl = yes
ssl_cert = <$here/cert.pem
ssl_key = <$here/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain
passdb {
  driver = passwd-file
  args = scheme=plain username_format=%u $here/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$here/home
}
# Nobody is made to wait for having failed: the scenario does enough of that.
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  service_count = 0
}
service pop3-login {
  service_count = 0
}
service imap {
  service_count = 100
}
service pop3 {
  service_count = 100
}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
X
password() { echo "probe:{PLAIN}$1" >$here/users; chmod 644 $here/users; }
password 's3"cr\et'
dovecot() { launch dovecot server /usr/sbin/dovecot -F -c $here/dovecot.conf; }
echo "all is well" >$here/ftp/alive.txt
cat >$here/vsftpd.conf <<X
listen=NO
listen_ipv6=YES
background=NO
anonymous_enable=YES
anon_root=$here/ftp
no_anon_password=NO
seccomp_sandbox=NO
secure_chroot_dir=/run/vsftpd/empty
xferlog_enable=NO
X
mkdir -p /run/vsftpd/empty
cat >/etc/postfix/main.cf <<X
compatibility_level = 3.6
myhostname = mail.lab
mydestination =
inet_interfaces = all
inet_protocols = all
maillog_file = /var/log/postfix.log
smtpd_tls_cert_file = $here/cert.pem
smtpd_tls_key_file = $here/key.pem
smtpd_tls_security_level = may
alias_maps =
X
sed -i -E 's/^(smtp +inet +n +- +)y/\1n/' /etc/postfix/master.cf
must postconf -M submission/inet="submission inet n - n - - smtpd"
must postconf -P submission/inet/smtpd_tls_security_level=encrypt
mkdir -p /run/sshd; must ssh-keygen -q -t ed25519 -N '' -f $here/host_key
dovecot
launch vsftpd server /usr/sbin/vsftpd $here/vsftpd.conf
launch redis server redis-server --port 6379 --bind 0.0.0.0 --requirepass 'a password' --save '' --dir $here
launch memcached server memcached -u nobody -l 0.0.0.0
launch sshd server /usr/sbin/sshd -D -e -f /dev/null -h $here/host_key -o UsePAM=no
on server postfix start >>$LAB/postfix.log 2>&1
for port in 21 22 25 110 143 587 993 995 6379 11211; do must wait_until 60 "listening server $port"; done

# --- one virtual service each
service() { # PORT LINE…
  printf 'virtual=10.9.0.80:%s\n\treal=10.9.0.11:%s gate\n\tscheduler=rr\n' "$1" "$1"; shift
  for line in "$@"; do printf '\t%s\n' "$line"; done; echo
}
login=('login="probe"' 'passwd="s3"cr\et"'); tls=(tlsverify=full "tlsca=$here/cert.pem" tlsname=mail.lab)
{
  printf 'negotiatetimeout=8\ncheckinterval=4\nquiescent=no\nlogfile="/var/log/ldirectord.log"\n\n'
  service 25 service=smtp 'receive="^220 mail.lab ESMTP"'
  service 587 service=submission starttls=yes "${tls[@]}"
  service 110 service=pop starttls=yes "${login[@]}" "${tls[@]}"
  service 995 service=pops "${login[@]}" "${tls[@]}"
  service 143 service=imap starttls=yes "${login[@]}" "${tls[@]}"
  service 993 service=imaps "${login[@]}" "${tls[@]}"
  service 21 service=ftp 'request="/alive.txt"' 'receive="^all is well$"'
  service 6379 service=redis 'passwd="a password"'
  service 11211 service=memcached 'receive="^VERSION 1"'
  service 22 service=ssh 'receive="OpenSSH"'
  printf 'virtual6=[fd00:9::80]:25\n\treal6=[fd00:9::11]:25 gate\n\tservice=smtp\n\n'
  printf 'virtual6=[fd00:9::80]:143\n\treal6=[fd00:9::11]:143 gate\n\tservice=imap\n\n'
  printf 'virtual6=[fd00:9::80]:21\n\treal6=[fd00:9::11]:21 gate\n\tservice=ftp\n\trequest="alive.txt"\n'
} | configuration lines.cf
all="11211 143 21 22 25 587 6379 993 995 110 six:143 six:21 six:25"
up() { table director | sed -n 's/^  10\.9\.0\.11:\([0-9]*\) .*/\1/p; s/^  \[fd00:9::11\]:\([0-9]*\) .*/six:\1/p' | sort | xargs; }
without() { # PORT…: every service but these
  local port; for port in $all; do [[ " $* " == *" $port "* ]] || echo "$port"; done | sort | xargs
}
ldirectord director lines.cf check
expect "check: exit code" 0 $code
ldirectord director lines.cf start
expect "start: exit code" 0 $code
expect_soon 60 "every service is up" "$(without)" up
expect_stays 5 "and stays so" "$(without)" up

# --- each is broken in its own way
say "wrong password"; password other
expect_soon 60 "those that log in are down" "$(without 110 995 143 993)" up
expect_log "login refused"
expect_no_match "no password in the log" 's3"cr' "$(cat $log)"
password 's3"cr\et'
expect_soon 60 "they come back" "$(without)" up

say "wrong content"; echo "all is lost" >$here/ftp/alive.txt
expect_soon 30 "the file does not match" "$(without 21)" up
rm $here/ftp/alive.txt
expect_soon 30 "nor can it be fetched where nothing is to match" "$(without 21 six:21)" up
echo "all is well" >$here/ftp/alive.txt
expect_soon 30 "it is back" "$(without)" up

for stopped in "vsftpd 21 six:21" "redis 6379" "memcached 11211" "sshd 22"; do
  set -- $stopped; name=$1; shift
  say "$name accepts and never answers"; kill -STOP "$(cat $LAB/$name.pid)"
  expect_soon 40 "$name stopped: only its service is down" "$(without "$@")" up
  kill -CONT "$(cat $LAB/$name.pid)"
  expect_soon 40 "$name goes on: up again" "$(without)" up
done

die dovecot; for pid in $(pgrep -x 'imap-login|pop3-login|anvil|log|config|auth|stats'); do kill -9 "$pid"; done
expect_soon 40 "no dovecot: its five are down" "$(without 110 995 143 993 six:143)" up
dovecot
expect_soon 60 "dovecot again" "$(without)" up
on server postfix stop >>$LAB/postfix.log 2>&1
expect_soon 40 "no postfix: its three are down" "$(without 25 587 six:25)" up
on server postfix start >>$LAB/postfix.log 2>&1
expect_soon 60 "postfix again" "$(without)" up
ldirectord director lines.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
