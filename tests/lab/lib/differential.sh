# The Perl ldirectord and ours over the same real servers, each on a director of its own (hosts `perl` and `ours`): after each
# state of the servers both tables must hold the same, but for the differences that the scenario declares.

# directors LAN: both hosts.
directors() { host ours "$1" 10.9.0.1/24; host perl "$1" 10.9.0.2/24; }
# pair NAME REAL LINE…: a virtual service in both configurations. The original notes each verdict in a monitor file.
pairs=()
pair() {
  local port=$(( 1000 + ${#pairs[@]} )) which
  for which in ours perl; do
    { printf 'virtual=10.9.0.80:%s\n\treal=%s masq\n' $port "$2"; printf '\t%s\n' "${@:3}"
      [ $which = ours ] || printf '\tmonitorfile="%s/monitor.%s"\n' $LAB "$1"; echo; } >>$LAB/$which.pairs
  done
  pairs+=("$1")
}
# differs NAME STATE NUMBER PERL OURS REASON: a decided difference, with its number in docs/compatibility.md. PERL and OURS are
# `up` or `down`; `hangs` is an original that waits without end and leaves its real where it was, up.
declare -A differing
differs() {
  [ "${4/hangs/up}" != "$5" ] || must false "differs $1 $2: that is no difference"
  differing["$1 $2"]="$3 $4 $5 $6"
}
# start_directors: both programs with the same configuration. The original forks a checker for each virtual service, so that
# one silent server does not stop its round.
start_directors() {
  local head='negotiatetimeout=8\nchecktimeout=8\ncheckinterval=2\nquiescent=no\nfork=yes\n'
  { printf "$head"'logfile="/var/log/ldirectord.log"\n\n'; cat $LAB/ours.pairs; } | configuration ours.cf
  { printf "$head"'logfile="/var/log/ldirectord.perl.log"\n\n'; cat $LAB/perl.pairs; } | configuration perl.cf
  ldirectord ours ours.cf start; expect "ours starts" 0 $code
  on perl "$LAB_PERL" perl.cf start >>$LAB/perl.stdout 2>>$LAB/perl.stderr; expect "the original starts" 0 $?
}
stop_directors() {
  on perl "$LAB_PERL" perl.cf stop >>$LAB/perl.stdout 2>>$LAB/perl.stderr
  ldirectord ours ours.cf stop
  expect_soon 20 "nothing is left of either" "" eval "table ours; table perl"
}
# held HOST: for each pair the weight of its real, or `absent`.
held() {
  table "$1" | awk -v names="${pairs[*]}" 'BEGIN { count = split(names, name, " ") } /^[^ ]/ { n = split($2, part, ":"); port = part[n] }
    /^ / { weight[port - 999] = weight[port - 999] $1 "=" $3 " " } END { for (i = 1; i <= count; i++) print name[i], (i in weight ? weight[i] : "absent") }'
}
# verdicts NAME: how many the original has written.
verdicts() { cat "$LAB/monitor.$1" 2>/dev/null | wc -l; }
# compare STATE NAME…: in this state of the servers these are down and the others are up, in ours, and in the original after
# a full round of its checks.
compare() {
  local state=$1 name number perl ours reason want_perl= want_ours= rounds=() differ=(); shift
  local -A before
  for name in "${pairs[@]}"; do
    perl=up; [[ " $* " == *" $name "* ]] && perl=down; ours=$perl
    if [ -n "${differing["$name $state"]:-}" ]; then
      read -r number perl ours reason <<<"${differing["$name $state"]}"
      say "$state: $name differs: $number, the original is $perl, ours is $ours: $reason"
      unset "differing[$name $state]"; differ+=("$name")
    fi
    [ $perl = hangs ] || { rounds+=("$name"); before[$name]=$(verdicts "$name"); }
    want_perl+="$name ${perl/hangs/up}"$'\n'; want_ours+="$name $ours"$'\n'
  done
  say "$state"
  expect_soon 60 "$state: ours" "${want_ours%?}" decided ours
  # The first of two verdicts may have been under way when the state began; and at its start the original gives every real
  # server a weight before it has checked one.
  for name in "${rounds[@]}"; do
    wait_until 90 "[ \$(verdicts $name) -ge $(( before[$name] + 2 )) ]" || failed_assertion "$state: the original checks $name"
  done
  expect_soon 60 "$state: the original" "${want_perl%?}" decided perl
  expect "$state: ours, after a round of the original" "${want_ours%?}" "$(decided ours)"
  expect_soon 30 "$state: beyond that their tables are the same" "" disagreement "${differ[@]}"
}
# decided HOST: `NAME up` or `NAME down` for each pair.
decided() { held "$1" | awk '{ print $1, ($2 == "absent" ? "down" : "up") }'; }
# disagreement NAME…: destinations and weights that only one table has, but for these pairs.
disagreement() { diff <(held perl) <(held ours) | grep -E '^[<>]' | awk -v but=" $* " '!index(but, " " $2 " ")'; }
# all_declared: no difference was declared for a state that never was.
all_declared() { expect "every declared difference was seen" "" "${!differing[*]}"; }
