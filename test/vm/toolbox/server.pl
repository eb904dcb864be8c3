#!/usr/bin/perl
# What stands behind the access point: a web server on port 80, TCP and UDP echo on port 7.
#   /ip        the client's address        /big/N   N bytes, the same every time (test/vm/air.ts knows their digest)
#   any other  a file below /srv           /tmp/http.log   one line for each request
# /tmp/http.faults spoils answers; a line is `PREFIX KIND [ARGUMENT]`, KIND one of status, garbage, slow (bytes per
# second), stall, refuse, cut (after so many bytes).
use strict;
use warnings;
use Socket;
use POSIX ();

$SIG{PIPE} = 'IGNORE';
my $block = join '', map { chr(($_ * 167 + ($_ >> 8) * 13) & 255) } 0 .. 65535;

sub listener {
    my ($type, $port) = @_;
    socket my $s, PF_INET, $type, 0 or die "socket: $!";
    setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
    bind $s, sockaddr_in($port, INADDR_ANY) or die "bind $port: $!";
    listen $s, 1024 if $type == SOCK_STREAM;
    return $s;
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
    my $listener = listener(SOCK_STREAM, 80);
    $SIG{CHLD} = 'IGNORE';
    while (1) {
        my $address = accept my $s, $listener or next;
        my $pid = fork;
        next if $pid || !defined $pid;
        answer($s, inet_ntoa((sockaddr_in $address)[1]));
        POSIX::_exit(0);
    }
}

# One process for all connections: a thousand at once is one of the checks.
sub serve_echo {
    my ($tcp, $udp) = (listener(SOCK_STREAM, 7), listener(SOCK_DGRAM, 7));
    my %clients;
    while (1) {
        my $bits = '';
        vec($bits, fileno $_, 1) = 1 for $tcp, $udp, values %clients;
        select $bits, undef, undef, undef;
        if (vec $bits, fileno $udp, 1) {
            my $from = recv $udp, my $data, 65536, 0;
            send $udp, $data, 0, $from if $from;
        }
        if (vec $bits, fileno $tcp, 1) {
            my $s;
            accept $s, $tcp and $clients{ fileno $s } = $s;
        }
        for my $n (keys %clients) {
            next unless vec $bits, $n, 1;
            if (sysread $clients{$n}, my $data, 65536) { syswrite $clients{$n}, $data }
            else { close delete $clients{$n} }
        }
    }
}

if (fork) { serve_web() } else { serve_echo() }
