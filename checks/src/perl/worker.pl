# Keeps one script compiled and runs it once for every request, each time in a fork of its own.
#
# The script is compiled as a file of its own, behind a call of serve() in its first line. In the worker that call never
# returns; in each fork it does, and the script runs as if perl had just read it: with exit, die, END and everything else.
#
# Requests come on standard input, answers go to standard output: four bytes of length, then fields with a NUL between them.
#   run ID CHECKPORT MARK ARGUMENT...    kill ID
#   ready    broken WORDS    failed ID WORDS    ended ID STATUS TAIL
# STATUS is what waitpid says, TAIL the end of what the script said.
package Ldirectord::Worker;
use strict;

my ($longest, $tail, $left) = (65536, 4096, 262144);
my $script = shift @ARGV;
my $served = 0;
my %calls;

# What is open here is closed in whatever the script runs: these are no standard handles.
open(my $requests, '<&', \*STDIN) or die;
open(my $answers, '>&', \*STDOUT) or die;
open(STDIN, '<', '/dev/null') and open(STDOUT, '>', '/dev/null') and open(STDERR, '>', '/dev/null') or die;

sub leave {
    kill('KILL', -$_) for keys %calls;
    # Neither END nor destructors of the script's modules: nothing of it was run here.
    kill('KILL', $$);
}

sub answer {
    my $frame = pack('N/a*', join("\0", @_));
    while (length $frame) {
        my $written = syswrite($answers, $frame);
        if (defined $written) { substr($frame, 0, $written) = '' }
        elsif (!$!{EINTR}) { leave() }
    }
}

# Whether this is the fork.
sub start {
    my ($id, $port, $mark, @arguments) = @_;
    my ($output, $input);
    my $pid = pipe($output, $input) ? fork : undef;
    if (!defined $pid) {
        answer('failed', $id, "cannot fork: $!");
        return 0;
    }
    if ($pid) {
        # Here as well as there: whoever comes first.
        setpgrp($pid, $pid);
        $calls{$pid} = { id => $id, output => $output, tail => '' };
        return 0;
    }
    setpgrp(0, 0);
    open(STDOUT, '>&', $input);
    open(STDERR, '>&', $input);
    close($_) for $requests, $answers, $output, $input, map { $_->{output} || () } values %calls;
    %calls = ();
    $SIG{$_} = 'DEFAULT' for qw(CHLD PIPE);
    @ARGV = @arguments;
    my @names = qw(VIRTUAL_ADDRESS VIRTUAL_PORT REAL_ADDRESS REAL_PORT);
    @ENV{map { "LDIRECTORD_$_" } @names} = @arguments[-4 .. -1];
    @ENV{qw(LDIRECTORD_CHECKPORT LDIRECTORD_CHECK)} = ($port, $mark);
    select(STDOUT);
    # The order in which things were said is the order in which they are read.
    $| = 1;
    return 1;
}

# Reads once; false at the end.
sub drain {
    my ($call) = @_;
    my $read = sysread($call->{output}, my $piece, 65536);
    return 1 if !defined $read && $!{EINTR};
    if (!$read) {
        close(delete $call->{output});
        return 0;
    }
    $call->{tail} .= $piece;
    $call->{tail} = substr($call->{tail}, -$tail) if length($call->{tail}) > $tail;
    return $read;
}

sub readable {
    my ($handle) = @_;
    vec(my $bits = '', fileno($handle), 1) = 1;
    return select($bits, undef, undef, 0) > 0;
}

sub reap {
    while ((my $pid = waitpid(-1, 1)) > 0) {
        my $status = $?;
        my $call = delete $calls{$pid} or next;
        # What it left in the pipe; a child of it may hold that open.
        my $more = $left;
        while ($call->{output} && $more > 0 && readable($call->{output})) { $more -= drain($call) }
        answer('ended', $call->{id}, $status, $call->{tail});
    }
}

sub serve {
    return if $served;
    alarm(0);
    $SIG{ALRM} = 'DEFAULT';
    $SIG{PIPE} = 'IGNORE';
    # The signal ends select; one that comes just before it is found when its time is over.
    $SIG{CHLD} = sub { };
    answer('ready');
    my $buffer = '';
    for (;;) {
        my $bits = '';
        vec($bits, fileno($_), 1) = 1 for $requests, map { $_->{output} || () } values %calls;
        my $found = select($bits, undef, undef, %calls ? 0.2 : undef);
        if ($found > 0) {
            if (vec($bits, fileno($requests), 1)) {
                my $read = sysread($requests, $buffer, $longest, length $buffer);
                leave() if !$read && !(!defined $read && $!{EINTR});
            }
            for my $call (values %calls) {
                drain($call) if $call->{output} && vec($bits, fileno($call->{output}), 1);
            }
        }
        reap();
        while (length($buffer) >= 4) {
            my $length = unpack('N', $buffer);
            leave() if $length > $longest;
            last if length($buffer) < 4 + $length;
            my ($what, @fields) = split(/\0/, substr($buffer, 4, $length), -1);
            substr($buffer, 0, 4 + $length) = '';
            if ($what eq 'run') {
                if (start(@fields)) {
                    $served = 1;
                    return;
                }
            } else {
                # Whoever is not reaped yet still has his number.
                kill('KILL', -$_) for grep { $calls{$_}{id} eq $fields[0] } keys %calls;
            }
        }
    }
}

# Somebody killed the director while the script was being compiled and does not come to an end: nobody else would see it.
$SIG{ALRM} = 'DEFAULT';
alarm(120);
$0 = $script;
my $file;
if (open(my $handle, '<', $script)) {
    local $/;
    my $text = <$handle>;
    close($handle);
    my $name = $script;
    $name =~ s/["\n]//g;
    # On the first line, whatever the script begins with; its own lines keep their numbers.
    $text = "Ldirectord::Worker::serve();\n#line 1 \"$name\"\n" . (defined $text ? $text : '');
    # In memory, so that no two forks share the place up to which DATA was read.
    open($file, '<', \$text) or die;
} else {
    answer('broken', "cannot open $script: $!");
    leave();
}
unshift @INC, sub { my $handle = $file; shift @INC; $file = undef; return $handle };
{
    package main;
    do "ldirectord-script";
}
my $words = $@;
if (!$served) {
    $words = 'no reason known' if !length $words;
    answer('broken', substr($words, 0, $tail));
    leave();
}
if (ref $words || length $words) {
    print STDERR $words;
    exit 255;
}
exit 0;
