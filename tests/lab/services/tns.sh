# A scripted listener of Oracle's (lab-tools tns): no database of Oracle's can be had freely here.
# tns_listener NAME HOST ADDRESS:PORT…: `behave NAME "refuse 12528"` and so on, see lab-tools.
tns_listener() {
  local name=$1 host=$2; shift 2
  [ -f "$LAB/$name.state" ] || echo accept >"$LAB/$name.state"
  launch "$name" "$host" "$tools" tns --state "$LAB/$name.state" "$@"
}
