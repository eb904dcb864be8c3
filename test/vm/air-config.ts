export type Security =
  | { readonly kind: 'open' }
  | { readonly kind: 'psk'; readonly passphrase: string }
  | { readonly kind: 'raw-psk'; readonly hex: string }
  | { readonly kind: 'sae'; readonly passphrase: string }
  | { readonly kind: 'psk-sae'; readonly passphrase: string };

export interface ApSpec {
  /** Name of its radio; one access point per name. Default `ap0`. */
  readonly name?: string;
  /** Text (UTF-8) or bytes, up to 32. */
  readonly ssid: string | Uint8Array;
  readonly security: Security;
  readonly hidden?: boolean;
  /** Default 1. */
  readonly channel?: number;
  /** First three numbers of its network, which is a /24; default `10.77.0`. The access point is .1. */
  readonly network?: string;
  /** Last numbers of the leases; default 100 to 150. */
  readonly range?: readonly [number, number];
  /** What DHCP names as router; default the access point. */
  readonly router?: string;
  readonly dns?: string;
  /** Seconds; dnsmasq allows no less than 120. */
  readonly lease?: number;
  /** False: associates, but gives out no addresses. */
  readonly dhcp?: boolean;
  /** Its DNS server answers the question for an IPv6 address by an error, and knows the IPv4 address. */
  readonly refuses?: 'AAAA';
  /** Also gives out addresses of this IPv6 prefix (its first half), e.g. `2001:db8:1:2`; the access point is ::1. */
  readonly ipv6?: string;
  /** More lines for its DHCP and DNS server, dnsmasq. */
  readonly dnsmasq?: readonly string[];
  /** More lines for hostapd.conf. */
  readonly more?: readonly string[];
}

/** The server behind the access point, in networks of its own (RFC 5737, RFC 3849). */
export const SERVER = {
  address: '203.0.113.10',
  address6: '2001:db8:ffff::10',
  name: 'server.example',
  mirror: 'dl-cdn.alpinelinux.org',
} as const;

const SECURITY_LINES: Readonly<Record<Security['kind'], readonly string[]>> = {
  open: [],
  psk: ['wpa=2', 'wpa_key_mgmt=WPA-PSK', 'rsn_pairwise=CCMP'],
  'raw-psk': ['wpa=2', 'wpa_key_mgmt=WPA-PSK', 'rsn_pairwise=CCMP'],
  sae: ['wpa=2', 'wpa_key_mgmt=SAE', 'rsn_pairwise=CCMP', 'ieee80211w=2', 'sae_require_mfp=1'],
  'psk-sae': ['wpa=2', 'wpa_key_mgmt=WPA-PSK SAE', 'rsn_pairwise=CCMP', 'ieee80211w=1'],
};

function secretLine(security: Security): string[] {
  if (security.kind === 'open') return [];
  return security.kind === 'raw-psk'
    ? [`wpa_psk=${security.hex}`]
    : [`wpa_passphrase=${security.passphrase}`];
}

export function hostapdConf(spec: ApSpec, name: string): string {
  return [
    `interface=${name}`,
    'driver=nl80211',
    'ctrl_interface=/tmp/hostapd',
    'hw_mode=g',
    'ieee80211n=1',
    'wmm_enabled=1',
    `channel=${spec.channel ?? 1}`,
    `ssid2=${Buffer.from(spec.ssid).toString('hex')}`,
    `ignore_broadcast_ssid=${spec.hidden === true ? 1 : 0}`,
    ...SECURITY_LINES[spec.security.kind],
    ...secretLine(spec.security),
    ...(spec.more ?? []),
    '',
  ].join('\n');
}

export function dnsmasqConf(spec: ApSpec, name: string): string {
  const network = spec.network ?? '10.77.0';
  const [first, last] = spec.range ?? [100, 150];
  const dhcp = [
    `dhcp-range=${network}.${first},${network}.${last},255.255.255.0,${spec.lease ?? 3600}`,
    `dhcp-option=option:router,${spec.router ?? `${network}.1`}`,
    `dhcp-option=option:dns-server,${spec.dns ?? `${network}.1`}`,
    `dhcp-leasefile=/tmp/${name}.leases`,
    'dhcp-authoritative',
    // Asking first whether an address is free takes three seconds of every lease.
    'no-ping',
  ];
  return [
    `interface=${name}`,
    'except-interface=lo',
    'bind-interfaces',
    'no-resolv',
    'no-hosts',
    'log-dhcp',
    'user=root',
    `log-facility=/tmp/${name}.dnsmasq.log`,
    `pid-file=/tmp/${name}.dnsmasq.pid`,
    `address=/${SERVER.name}/${SERVER.address}`,
    `address=/${SERVER.mirror}/${SERVER.address}`,
    // Without these the question for an IPv6 address is refused, as by cheap hotspots; musl then takes a name for unknown.
    ...(spec.refuses === 'AAAA' ? [] : [`local=/${SERVER.name}/`, `local=/${SERVER.mirror}/`]),
    ...(spec.dhcp === false ? [] : dhcp),
    ...(spec.ipv6 === undefined ? [] : ['enable-ra', `dhcp-range=${spec.ipv6}::,ra-only`]),
    ...(spec.dnsmasq ?? []),
    '',
  ].join('\n');
}
