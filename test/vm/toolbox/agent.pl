#!/usr/bin/perl
# The bench's agent inside the VM. Lives on a disk and in a mount namespace of its own, talks to the test over the
# virtio-serial port "bench", and sleeps in select() otherwise.
#   test -> agent: "run ID CONTEXT TIMEOUT COMMAND-BYTES INPUT-BYTES\n" COMMAND INPUT; "kill ID\n"; "radio ID VERB NAME\n"
#   agent -> test: "hello UPTIME\n"; "out|err ID BYTES\n" DATA; "exit ID CODE\n"; "event NAME UPTIME\n"
# Contexts: guest (its namespaces, its files), ap (network namespace "ap", this disk's files), bench (the guest's
# network, this disk's files). Radios: NEW_RADIO/DEL_RADIO of mac80211_hwsim; those for access points are born
# without an interface and moved into "ap" at once, so that the guest never sees them.
use strict;
use warnings;
use Fcntl;
use POSIX ();

my ($SYS_unshare, $SYS_setns) = (272, 308);
my ($CLONE_NEWNS, $CLONE_NEWNET) = (0x20000, 0x40000000);
my $plug_at = $ARGV[0] || 'hwdrivers';
my $channels = $ARGV[1] || 'usual';
$ENV{PATH} = '/usr/sbin:/usr/bin:/sbin:/bin';
$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = sub { };
# OpenRC's killprocs ends everything at shutdown; the agent goes last of all, with SIGKILL.
$SIG{TERM} = 'IGNORE';
$SIG{HUP} = 'IGNORE';

my (%jobs, %radios, $port, $ap_pid);
my $drivers_loaded = 0;
my $inbox = '';

sub uptime { open my $f, '<', '/proc/uptime' or return 0; (split ' ', <$f>)[0] }

sub find_port {
    for (1 .. 200) {
        for my $name (glob '/sys/class/virtio-ports/*/name') {
            open my $f, '<', $name or next;
            chomp(my $value = <$f> // '');
            return "/dev/$1" if $value eq 'bench' && $name =~ m{/(vport[^/]+)/name$};
        }
        select undef, undef, undef, 0.05;
    }
    die "bench: no virtio-serial port\n";
}

sub emit {
    my $text = join '', @_;
    while (length $text) {
        my $n = syswrite $port, $text;
        if (defined $n) { substr $text, 0, $n, ''; next }
        # Nobody listens for the moment.
        select undef, undef, undef, 0.05;
    }
}

# --- generic netlink: mac80211_hwsim
sub attribute { my ($type, $data) = @_; my $n = 4 + length $data; pack('SS', $n, $type) . $data . "\0" x (-$n % 4) }

sub netlink {
    my ($type, $flags, $command, $attributes) = @_;
    socket my $s, 16, 3, 16 or die "netlink: $!";
    my $body = pack('CCS', $command, 1, 0) . $attributes;
    send $s, pack('LSSLL', 16 + length $body, $type, 1 | $flags, 1, 0) . $body, 0, pack('SSLL', 16, 0, 0, 0);
    recv $s, my $reply, 65536, 0;
    return $reply;
}

sub family_id {
    my $reply = netlink(0x10, 0, 3, attribute(2, "MAC80211_HWSIM\0"));
    my $rest = substr $reply, 20;
    while (length $rest >= 4) {
        my ($n, $type) = unpack 'SS', $rest;
        return unpack 'S', substr $rest, 4, 2 if $type == 1;
        substr $rest, 0, ($n + 3) & ~3, '';
    }
    die "no mac80211_hwsim\n";
}

# Returns the radio's number; the acknowledgement's error field carries it.
sub new_radio { unpack 'l', substr netlink(family_id(), 4, 4, shift), 16, 4 }

# The card keeps its address when it comes back. Of itself a simulated one looks on channels that no card has (900 MHz) or
# only listens on (5 GHz without a country), a tenth of a second each; the driver's first set of rules leaves them out.
sub card {
    my $address = attribute(22, "\x02\x28\xf8\x00\x00\x42");
    return $channels eq 'all' ? $address : $address . attribute(12, pack 'L', 0);
}

sub radio_add {
    my ($name) = @_;
    return 1 if exists $radios{$name};
    my $id = new_radio($name eq 'card' ? card() : attribute(17, $name) . attribute(18, ''));
    return 2 if $id < 0;
    $radios{$name} = $id;
    return 0 if $name eq 'card';
    return system("iw phy $name set netns $ap_pid") == 0 ? 0 : 3;
}

sub radio_del {
    my ($name) = @_;
    return 1 unless exists $radios{$name};
    netlink(family_id(), 4, 5, attribute(10, pack 'L', delete $radios{$name}));
    return 0;
}

# --- namespaces
sub enter {
    my ($pid, @kinds) = @_;
    for my $kind (@kinds) {
        open my $f, '<', "/proc/$pid/ns/$kind" or die "ns $kind of $pid: $!";
        syscall($SYS_setns, fileno $f, 0) == 0 or die "setns $kind: $!";
    }
    chdir '/';
}

# The access point's side: a process that only holds the namespaces.
sub make_ap {
    pipe my $ready, my $done;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        syscall($SYS_unshare, $CLONE_NEWNS | $CLONE_NEWNET) == 0 or die "unshare: $!";
        system 'mount -t sysfs sysfs /sys; ip link set lo up';
        close $done;
        sleep 1000 while 1;
    }
    close $done;
    sysread $ready, my $nothing, 1;
    return $pid;
}

# --- commands
sub start_job {
    my ($id, $context, $timeout, $command, $input) = @_;
    pipe my $out, my $out_w;
    pipe my $err, my $err_w;
    my $file = "/tmp/input.$id";
    sysopen my $in_w, $file, O_CREAT | O_TRUNC | O_RDWR, 0600;
    syswrite $in_w, $input if length $input;
    sysseek $in_w, 0, 0;
    unlink $file;
    my $pid = fork;
    if (!defined $pid) { emit("exit $id 126\n"); return }
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(PIPE CHLD TERM HUP);
        setpgrp;
        open STDIN, '<&', $in_w;
        open STDOUT, '>&', $out_w;
        open STDERR, '>&', $err_w;
        POSIX::close($_) for 3 .. 30;
        enter($ap_pid, 'mnt', 'net') if $context eq 'ap';
        enter(1, 'mnt') if $context eq 'guest';
        $ENV{HOME} = '/root';
        exec '/bin/sh', '-c', $command or POSIX::_exit(127);
    }
    $jobs{$id} = { pid => $pid, out => $out, err => $err, deadline => $timeout ? time + $timeout : 0 };
}

# Forwards what there is; false at the end of the pipe.
sub drain {
    my ($id, $stream, $blocking) = @_;
    my $handle = $jobs{$id}{$stream} or return 0;
    my $n = sysread $handle, my $data, 65536;
    if ($n) { emit("$stream $id $n\n", $data); return 1 }
    delete $jobs{$id}{$stream} if defined $n;
    return 0;
}

sub readable { my $bits = ''; vec($bits, fileno shift, 1) = 1; select($bits, undef, undef, 0) > 0 }

sub reap {
    while ((my $pid = waitpid -1, POSIX::WNOHANG) > 0) {
        my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
        my ($id) = grep { $jobs{$_}{pid} == $pid } keys %jobs or next;
        for my $stream ('out', 'err') {
            1 while $jobs{$id}{$stream} && readable($jobs{$id}{$stream}) && drain($id, $stream);
        }
        $code = 124 if $jobs{$id}{late};
        delete $jobs{$id};
        emit("exit $id $code\n");
    }
}

sub expire {
    for my $job (values %jobs) {
        next unless $job->{deadline} && time >= $job->{deadline};
        $job->{deadline} = 0;
        $job->{late} = 1;
        kill 'KILL', -$job->{pid};
    }
}

sub obey {
    while ($inbox =~ /^([^\n]*)\n/) {
        my ($verb, @words) = split ' ', $1;
        my $head = 1 + length $1;
        if ($verb eq 'run') {
            my ($id, $context, $timeout, $length, $input) = @words;
            return if length $inbox < $head + $length + $input;
            start_job($id, $context, $timeout, substr($inbox, $head, $length), substr $inbox, $head + $length, $input);
            $head += $length + $input;
        }
        elsif ($verb eq 'kill') { kill 'KILL', -$jobs{$words[0]}{pid} if $jobs{$words[0]} }
        elsif ($verb eq 'radio') {
            my ($id, $what, $name) = @words;
            my $code = eval { $what eq 'add' ? radio_add($name) : radio_del($name) } // 9;
            emit("exit $id $code\n");
        }
        substr $inbox, 0, $head, '';
    }
}

# The card is there when Alpine's hwdrivers has run. OpenRC's mark of that is a link with an absolute target.
sub look_for_drivers {
    return unless -l '/proc/1/root/run/openrc/started/hwdrivers';
    $drivers_loaded = 1;
    radio_add('card') if $plug_at eq 'hwdrivers';
    emit('event hwdrivers ', uptime(), "\n");
}

my $path = find_port();
sysopen $port, $path, O_RDWR or die "$path: $!";
system 'modprobe -a ccm gcm cmac ctr; modprobe mac80211_hwsim radios=0';
$ap_pid = make_ap();
# The simulated air's own monitor is nothing that a guest with a real card would see.
system "ip link set hwsim0 netns $ap_pid";
radio_add('card') if $plug_at eq 'boot';
emit('hello ', uptime(), "\n");

while (1) {
    my $bits = '';
    vec($bits, fileno $_, 1) = 1 for $port, grep { defined } map { @$_{qw(out err)} } values %jobs;
    # A child may end between reap and select.
    my $wait = !$drivers_loaded ? 0.05 : %jobs ? 0.5 : undef;
    my $n = select my $ready = $bits, undef, undef, $wait;
    look_for_drivers() unless $drivers_loaded;
    reap() and next if $n <= 0;
    if ($n > 0) {
        if (vec $ready, fileno $port, 1) {
            my $got = sysread $port, $inbox, 65536, length $inbox;
            # The test went away: a port without a listener reads as ended.
            select undef, undef, undef, 0.2 unless $got;
            obey();
        }
        for my $id (keys %jobs) {
            for my $stream ('out', 'err') {
                my $handle = $jobs{$id}{$stream} or next;
                drain($id, $stream) if vec $ready, fileno $handle, 1;
            }
        }
    }
    reap();
    expire();
}
