# OpenSSH's sshd (22).
# packages: openssh-server
openssh_server() { # HOST
  mkdir -p /run/sshd; [ -e $services/host_key ] || must ssh-keygen -q -t ed25519 -N '' -f $services/host_key
  launch openssh "$1" /usr/sbin/sshd -D -e -f /dev/null -h $services/host_key -o UsePAM=no
}
