# The laboratory itself, as it runs on a machine whose own kernel has IPVS: in this guest, which is such a machine.
# seconds: 45
# packets: no
# kernel: guest
# memory: 1024M
cd "$LAB_ROOT"
cp -a "$(dirname "$LAB_TOOLS")/lab-tools" /srv/tools; cp -a $ld /srv/program
env -u LAB_OUT -u LAB_HOW -u SCENARIO CARGO_TARGET_DIR=/srv/target LAB_TOOLS=/srv/tools PROGRAM=/srv/program \
  tests/lab/run ipv6 fwmark | tee $LAB/native.stdout | indent
expect_match "it chose this kernel by itself" "^laboratory: this machine's kernel" "$(cat $LAB/native.stdout)"
expect "both scenarios passed" "2 passed, 0 failed" "$(tail -1 $LAB/native.stdout)"
expect "no namespace stays behind" "" "$(ip netns)"
expect "no process stays behind" "" "$(for name in ldirectord lab-tools tcpdump; do pgrep -lx $name; done)"
