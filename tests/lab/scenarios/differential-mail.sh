# The same mail, file and news servers under the Perl ldirectord and under ours: both decide alike, but for what is declared.
# seconds: 160
# services: certificate postfix dovecot vsftpd leafnode
# packages: ldirectord libmail-pop3client-perl libnet-imap-simple-perl libnet-imap-simple-ssl-perl libwww-perl libmailtools-perl
# packets: no
# memory: 1024M
# only: ours
lan net; directors net; host server net 10.9.0.11/24 10.9.0.12/24
postfix_server server; dovecot_server server plain; vsftpd_server server; leafnode_server server
login=('login="probe"' 'passwd="s3cret-word"')
# The original shares a check between servers of the same address whose logins differ, so those without have another one.
pair smtp      10.9.0.11:25   service=smtp 'receive="^220 real.lab"'
pair pop       10.9.0.11:110  service=pop "${login[@]}"
pair pop-open  10.9.0.12:110  service=pop
pair imap      10.9.0.11:143  service=imap "${login[@]}"
pair imap-port 10.9.0.11:1143 service=imap
pair ftp       10.9.0.11:21   service=ftp 'request="alive.txt"' 'receive="well"'
pair ftp-open  10.9.0.12:21   service=ftp 'request="alive.txt"'
pair nntp      10.9.0.11:119  service=nntp
for port in 25 110 143 21 119; do must wait_until 60 "listening server $port"; done

for state in up password content refusal up-again; do differs imap-port $state B10 up down "it asks port 143, whatever port is configured"; done
differs ftp-open password B6  up down "without receive nothing is looked at"
differs smtp     content  S1  up down "receive is not looked at"
differs pop      silent   B7  hangs down "it reads without a deadline"
differs pop-open silent   B7  hangs down "it reads without a deadline"
differs ftp-open silent   B6  up down "without receive nothing is looked at"
differs pop-open refused  B19 up down "without a login nothing is looked at"
differs ftp-open refused  B6  up down "without receive nothing is looked at"

start_directors
compare up
dovecot_password other; vsftpd_anonymous NO
compare password pop imap ftp
dovecot_password s3cret-word; vsftpd_anonymous YES; vsftpd_file lost; postfix_set 'smtpd_banner=elsewhere.lab ESMTP'
compare content ftp
vsftpd_file well; postfix_set 'smtpd_banner=real.lab ESMTP'; postfix_set smtpd_client_restrictions=reject; leafnode_name lab
compare refusal smtp nntp
expect_reason ours.cf 10.9.0.80:1000 "554 5.7.1" ours; expect_reason ours.cf 10.9.0.80:1007 "503 Leafnode" ours
postfix_set smtpd_client_restrictions=; leafnode_name news.real-lab.net
for name in postfix dovecot vsftpd leafnode; do pause $name; done
compare silent smtp pop imap imap-port ftp nntp
for name in postfix dovecot vsftpd leafnode; do die $name; done
compare refused smtp pop imap imap-port ftp nntp
postfix_server server; dovecot_server server plain; vsftpd_server server; leafnode_server server
compare up-again
all_declared
stop_directors
