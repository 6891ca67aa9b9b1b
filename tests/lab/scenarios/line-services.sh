# The dialogues in lines against the servers they are for: postfix, dovecot, vsftpd, leafnode, redis, memcached, OpenSSH.
# seconds: 140
# services: certificate postfix dovecot vsftpd leafnode redis memcached openssh
# only: ours
lan net
host director net 10.9.0.1/24 10.9.0.80/32 fd00:9::1/64 fd00:9::80/128
host server net 10.9.0.11/24 fd00:9::11/64
dovecot_password 's3"cr\et'
dovecot_server server; vsftpd_server server; redis_server server 'a password'; memcached_server server; openssh_server server
leafnode_server server; postfix_server server
for port in 21 22 25 110 119 143 587 993 995 6379 11211; do must wait_until 60 "listening server $port"; done

# --- one virtual service each
login=('login="probe"' 'passwd="s3"cr\et"'); tls=(tlsverify=full "tlsca=$services/cert.pem" tlsname=real.lab)
{
  printf 'negotiatetimeout=8\ncheckinterval=4\nquiescent=no\nlogfile="/var/log/ldirectord.log"\n\n'
  virtual_four 25 service=smtp 'receive="^220 real.lab ESMTP"'
  virtual_four 587 service=submission starttls=yes "${tls[@]}"
  virtual_four 110 service=pop starttls=yes "${login[@]}" "${tls[@]}"
  virtual_four 995 service=pops "${login[@]}" "${tls[@]}"
  virtual_four 143 service=imap starttls=yes "${login[@]}" "${tls[@]}"
  virtual_four 993 service=imaps "${login[@]}" "${tls[@]}"
  virtual_four 21 service=ftp 'request="/alive.txt"' 'receive="^all is well$"'
  virtual_both 119 service=nntp 'receive="^200 .*real-lab"'
  virtual_four 6379 service=redis 'passwd="a password"'
  virtual_four 11211 service=memcached 'receive="^VERSION 1"'
  virtual_four 22 service=ssh 'receive="OpenSSH"'
  virtual_six 25 service=smtp
  virtual_six 143 service=imap
  virtual_six 21 service=ftp 'request="alive.txt"'
} | configuration lines.cf
all="11211 119 143 21 22 25 587 6379 993 995 110 six:119 six:143 six:21 six:25"
ldirectord director lines.cf check
expect "check: exit code" 0 $code
ldirectord director lines.cf start
expect "start: exit code" 0 $code
expect_soon 60 "every service is up" "$(without)" up
expect_stays 5 "and stays so" "$(without)" up

# --- each is broken in its own way
say "wrong password"; dovecot_password other
expect_soon 60 "those that log in are down" "$(without 110 995 143 993)" up
expect_log "login refused"
expect_no_match "no password in the log" 's3"cr' "$(cat $log)"
dovecot_password 's3"cr\et'
expect_soon 60 "they come back" "$(without)" up

say "wrong content"; vsftpd_file "all is lost"; postfix_set 'smtpd_banner=elsewhere.lab ESMTP'; leafnode_name news.elsewhere.net
expect_soon 30 "file and greetings do not match" "$(without 21 25 119 six:119)" up
rm $services/ftp/alive.txt
expect_soon 30 "nor can the file be fetched where nothing is to match" "$(without 21 25 119 six:119 six:21)" up
vsftpd_file "all is well"; postfix_set 'smtpd_banner=real.lab ESMTP'; leafnode_name news.real-lab.net
expect_soon 30 "they are back" "$(without)" up

say "service refused"; postfix_set smtpd_client_restrictions=reject; vsftpd_anonymous NO; leafnode_name lab
expect_soon 60 "554 and 503 for a greeting, 530 for a login" "$(without 21 25 587 119 six:21 six:25 six:119)" up
expect_reason lines.cf 10.9.0.80:25 "554 5.7.1"; expect_reason lines.cf 10.9.0.80:119 "503 Leafnode"; expect_reason lines.cf 10.9.0.80:21 "530 "
postfix_set smtpd_client_restrictions=; vsftpd_anonymous YES; leafnode_name news.real-lab.net
expect_soon 60 "they are back" "$(without)" up

for stopped in "vsftpd 21 six:21" "redis 6379" "memcached 11211" "openssh 22" "leafnode 119 six:119"; do
  set -- $stopped; name=$1; shift
  pause $name
  expect_soon 40 "$name is silent: only its service is down" "$(without "$@")" up
  resume $name
  expect_soon 40 "$name goes on: up again" "$(without)" up
done

die dovecot; die leafnode
expect_soon 40 "no dovecot, no leafnode: their services are down" "$(without 110 995 143 993 119 six:143 six:119)" up
dovecot_server server; leafnode_server server
expect_soon 60 "both again" "$(without)" up
die postfix
expect_soon 40 "no postfix: its three are down" "$(without 25 587 six:25)" up
postfix_server server
expect_soon 60 "postfix again" "$(without)" up
ldirectord director lines.cf stop
expect_soon 10 "the table is empty after the stop" "" table director
