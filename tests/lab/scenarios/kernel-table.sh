# The kernel's table and the one in memory behave the same: the property tests of tests/kernel_table.rs on a real kernel.
# seconds: 45
# kernel: guest
# packets: no
# only: ours
# cargo-test: kernel_table
lan net
host director net 10.9.0.1/24
on director env LDIRECTORD_LAB=1 PROPTEST_CASES=${PROPTEST_CASES:-100} "$LAB_TESTS/kernel_table" --include-ignored --test-threads 1 --nocapture >$LAB/kernel_table.stdout 2>&1; code=$?
expect "all its tests pass" 0 $code
tail -25 $LAB/kernel_table.stdout | indent
expect_no_match "and none stayed out" "not run" "$(cat $LAB/kernel_table.stdout)"
expect_match "there were some" '^test result: ok. [1-9]' "$(cat $LAB/kernel_table.stdout)"
