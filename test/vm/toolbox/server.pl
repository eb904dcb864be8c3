#!/usr/bin/perl
# What stands behind the access point: a web server on port 80 (IPv4 and IPv6), TCP and UDP echo on port 7.
#   /ip        the client's address        /big/N   N bytes, the same every time (test/vm/air.ts knows their digest)
#   any other  a file below /srv           /tmp/http.log   one line for each request
# /tmp/http.faults spoils answers; a line is `PREFIX KIND [ARGUMENT]`, KIND one of status, garbage, slow (bytes per
# second), stall, refuse, cut (after so many bytes).
use strict;
use warnings;
use Socket qw(:DEFAULT IPPROTO_IPV6 IPV6_V6ONLY IN6ADDR_ANY pack_sockaddr_in6 unpack_sockaddr_in6 inet_ntop);
use Errno;
use Fcntl;
use POSIX ();

my ($SOL_IP, $IP_FREEBIND) = (0, 15);
$SIG{PIPE} = 'IGNORE';
my $block = join '', map { chr(($_ * 167 + ($_ >> 8) * 13) & 255) } 0 .. 65535;

sub listener {
    my ($type, $port, $family, $host) = @_;
    socket my $s, $family, $type, 0 or die "socket: $!";
    setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
    setsockopt $s, IPPROTO_IPV6, IPV6_V6ONLY, 1 if $family == PF_INET6;
    setsockopt $s, $SOL_IP, $IP_FREEBIND, 1;
    my $address =
        $family == PF_INET6 ? pack_sockaddr_in6($port, IN6ADDR_ANY) : sockaddr_in($port, $host // INADDR_ANY);
    bind $s, $address or die "bind $port: $!";
    listen $s, 1024 if $type == SOCK_STREAM;
    return $s;
}

sub peer_name {
    my ($address) = @_;
    my $family = sockaddr_family($address);
    my (undef, $ip) = $family == PF_INET ? sockaddr_in($address) : unpack_sockaddr_in6($address);
    return inet_ntop($family, $ip);
}

sub fault_for {
    my ($path) = @_;
    open my $f, '<', '/tmp/http.faults' or return '';
    while (<$f>) {
        my ($prefix, $kind, $argument) = split;
        return ($kind, $argument // 0) if defined $kind && index($path, $prefix) == 0;
    }
    return '';
}

sub send_all {
    my ($s, $data, $rate) = @_;
    while (length $data) {
        my $piece = $rate ? substr $data, 0, $rate / 5 + 1 : $data;
        my $n = syswrite $s, $piece or return 0;
        substr $data, 0, $n, '';
        select undef, undef, undef, 0.2 if $rate;
    }
    return 1;
}

sub note {
    open my $f, '>>', '/tmp/http.log' or return;
    print $f join(' ', @_), "\n";
}

sub answer {
    my ($s, $peer) = @_;
    my $request = '';
    while ($request !~ /\r?\n\r?\n/) { sysread $s, $request, 8192, length $request or return }
    my ($method, $path, $host) = ($request =~ m{^(\S+) (\S+)}, $request =~ /^host:\s*(\S+)/mi);
    $path =~ s{\?.*}{};
    my ($kind, $argument) = fault_for($path);
    note($peer, $path, $host // '-', $kind || 'ok');
    return if $kind eq 'refuse';
    sleep 3600 if $kind eq 'stall';
    my ($status, $body, $count) = ('200 OK', '', 1);
    if ($path eq '/ip') { $body = "$peer\n" }
    elsif ($path =~ m{^/big/(\d+)$}) { $count = POSIX::ceil($1 / 65536); $body = $block; $argument ||= 0 }
    elsif ($path !~ /\.\./ && -f "/srv$path" && open my $f, '<', "/srv$path") { local $/; $body = <$f> }
    else { ($status, $body) = ('404 Not Found', "no such page\n") }
    my $length = $path =~ m{^/big/(\d+)$} ? $1 : length $body;
    ($status, $body, $length, $count) = ("$argument Fault", '', 0, 1) if $kind eq 'status';
    # A page of noise over and over: to make all of it takes Perl half a minute here.
    $body = substr((join '', map { chr int rand 256 } 1 .. 4096) x (1 + length($body) / 4096), 0, length $body) if $kind eq 'garbage';
    ($body, $length) = (substr($body, 0, $argument), $length) if $kind eq 'cut';
    send_all($s, "HTTP/1.1 $status\r\nContent-Length: $length\r\nConnection: close\r\n\r\n");
    return if $method eq 'HEAD';
    my $left = $length;
    for (1 .. $count) {
        my $piece = $left < length $body ? substr $body, 0, $left : $body;
        send_all($s, $piece, $kind eq 'slow' ? $argument : 0) or last;
        $left -= length $piece;
    }
}

sub serve_web {
    my $listener = listener(SOCK_STREAM, 80, shift);
    $SIG{CHLD} = 'IGNORE';
    while (1) {
        my $address = accept my $s, $listener or next;
        my $pid = fork;
        next if $pid || !defined $pid;
        answer($s, peer_name($address));
        POSIX::_exit(0);
    }
}

# Half an answer to one client, e.g. a slow one, must not keep the others waiting.
sub answer_echo {
    my ($client, $pending) = @_;
    if (!length $$pending) {
        my $n = sysread $client, $$pending, 65536;
        return $!{EAGAIN} if !defined $n;
        return 0 if $n == 0;
    }
    my $n = syswrite $client, $$pending;
    return $!{EAGAIN} if !defined $n;
    substr $$pending, 0, $n, '';
    return 1;
}

sub accept_all {
    my ($listener, $clients) = @_;
    while (accept my $s, $listener) {
        fcntl $s, F_SETFL, O_NONBLOCK;
        $clients->{ fileno $s } = [$s, \(my $pending = '')];
    }
}

# One process for all connections: a thousand at once is one of the checks, so only those with something to do are
# looked at.
sub serve_echo {
    my $tcp = listener(SOCK_STREAM, 7, PF_INET);
    # A datagram to any of our addresses would be answered from the nearest, which its sender does not know.
    my $udp = listener(SOCK_DGRAM, 7, PF_INET, inet_aton('203.0.113.10'));
    fcntl $_, F_SETFL, O_NONBLOCK for $tcp, $udp;
    # setrlimit(RLIMIT_NOFILE)
    syscall 160, 7, my $files = pack 'QQ', 4096, 4096;
    my %clients;
    while (1) {
        my ($in, $out) = ('', '');
        vec($in, fileno $_, 1) = 1 for $tcp, $udp;
        for my $n (keys %clients) { vec(length ${ $clients{$n}[1] } ? $out : $in, $n, 1) = 1 }
        select $in, $out, undef, undef;
        while (vec $in, fileno $udp, 1) {
            my $from = recv $udp, my $data, 65536, 0 or last;
            send $udp, $data, 0, $from;
        }
        for my $n (keys %clients) {
            next unless vec($in, $n, 1) || vec($out, $n, 1);
            answer_echo(@{ $clients{$n} }) or close((delete $clients{$n})->[0]);
        }
        accept_all($tcp, \%clients) if vec $in, fileno $tcp, 1;
    }
}

if (!fork) { serve_echo() }
elsif (!fork) { serve_web(PF_INET6) }
else { serve_web(PF_INET) }
