# leafnode: nntp (119), the smallest news server that Debian has. It speaks on its standard input and output and knows no
# login, so socat listens for it. With a good name of its own it greets with 200, else it refuses with 503.
# packages: leafnode socat
leafnode_server() { # HOST
  # What its package leaves to root where it was installed before.
  chown -R news:news /var/spool/news
  [ -e $services/leafnode.ready ] || leafnode_name news.real-lab.net
  launch leafnode "$1" socat TCP6-LISTEN:119,ipv6only=0,fork,reuseaddr,backlog=64 EXEC:/usr/sbin/leafnode,nofork,su=news
}
leafnode_name() {
  printf 'server = upstream.invalid\nexpire = 20\nhostname = %s\nallowstrangers = 42\n' "$1" >/etc/news/leafnode/config
  chmod 644 /etc/news/leafnode/config; touch $services/leafnode.ready
}
