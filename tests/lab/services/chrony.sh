# chronyd: ntp (123).
# packages: chrony
chrony_server() { # HOST [unsynchronised: it knows no time]
  printf 'port 123\ncmdport 0\nbindcmdaddress /\npidfile %s\nallow all\n' $services/chrony.pid >$services/chrony.conf
  [ "${2:-}" = unsynchronised ] || echo 'local stratum 5' >>$services/chrony.conf
  rm -f $services/chrony.pid
  launch chrony "$1" /usr/sbin/chronyd -x -d -u root -f $services/chrony.conf
}
