# vsftpd: ftp (21) for anonymous, with one file.
# packages: vsftpd
vsftpd_server() { # HOST
  mkdir -p $services/ftp /run/vsftpd/empty; chmod 755 $services/ftp
  [ -e $services/ftp/alive.txt ] || vsftpd_file "all is well"
  [ -e $services/vsftpd.conf ] || vsftpd_conf YES
  launch vsftpd "$1" /usr/sbin/vsftpd $services/vsftpd.conf
}
vsftpd_file() { echo "$1" >$services/ftp/alive.txt; }
vsftpd_conf() { # is anonymous let in: YES or NO
  cat >$services/vsftpd.conf <<X
listen=NO
listen_ipv6=YES
background=NO
anonymous_enable=$1
local_enable=YES
anon_root=$services/ftp
no_anon_password=NO
seccomp_sandbox=NO
secure_chroot_dir=/run/vsftpd/empty
xferlog_enable=NO
X
}
vsftpd_anonymous() { say "vsftpd: anonymous $1"; vsftpd_conf "$1"; kill -HUP "$(cat $LAB/vsftpd.pid)"; }
