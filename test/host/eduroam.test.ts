import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';
import { freshFile, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';
import { Machine } from './machine.ts';
import { networksOf, siteOk } from './site-bench.ts';

/*
 * Configurations of eduroam in the ways in which universities and their members publish them: what vm_site import makes of
 * them, and that the real wpa_supplicant reads what it has written. Names, passwords and certificates are ours.
 */
const FILES: [what: string, security: string, conf: string, said?: RegExp][] = [
  [
    "an installer's: PEAP, CA file, server name, anonymous identity",
    'Enterprise (PEAP), CA checked',
    `network={
  ssid="eduroam"
  key_mgmt=WPA-EAP
  pairwise=CCMP
  group=CCMP TKIP
  eap=PEAP
  ca_cert="/usr/local/etc/CA"
  identity="u123@uni.example"
  altsubject_match="DNS:radius1.uni.example;DNS:radius2.uni.example"
  phase2="auth=MSCHAPV2"
  password="secret words"
  anonymous_identity="anonymous@uni.example"
}
`,
  ],
  [
    'TTLS with PAP, CA file by a relative path',
    'Enterprise (TTLS), CA checked',
    `ctrl_interface=/var/run/wpa_supplicant
ctrl_interface_group=wheel
eapol_version=1
ap_scan=1
fast_reauth=1

network={
	ssid="eduroam"
	scan_ssid=1
	key_mgmt=WPA-EAP
	eap=TTLS
	identity="member@college.example"
	password="secret words"
	ca_cert="CA"
	domain_suffix_match="college.example"
	phase2="auth=PAP"
	priority=10
}
`,
  ],
  [
    'EAP-TLS with a locked key',
    'Enterprise (TLS), CA checked',
    `network={
	ssid="eduroam"
	proto=RSN
	key_mgmt=WPA-EAP
	pairwise=CCMP
	eap=TLS
	identity="host/laptop@institute.example"
	ca_cert="/usr/local/etc/CA"
	client_cert="/usr/local/etc/client"
	private_key="/usr/local/etc/locked"
	private_key_passwd="key words"
}
`,
  ],
  [
    'EAP-TLS with PKCS#12, which has certificate and key',
    'Enterprise (TLS), CA checked',
    `network={
    ssid="eduroam"
    key_mgmt=WPA-EAP
    eap=TLS
    identity="user@institute.example"
    ca_cert="/usr/local/etc/CA"
    private_key="/usr/local/etc/p12"
    private_key_passwd="key words"
}
`,
  ],
  [
    "an old wiki's, without a CA",
    'Enterprise (PEAP), CA NOT CHECKED',
    `# eduroam on FreeBSD
network={
    ssid="eduroam"
    key_mgmt=WPA-EAP
    eap=PEAP
    phase1="peaplabel=0"
    phase2="auth=MSCHAPV2"
    identity="login@uni.example"   # your login
    password="secret words"        # your password
}
`,
    /no CA certificate, so whoever sends this name gets the password/,
  ],
  [
    'the public CA certificates of FreeBSD, and the name of the server',
    'Enterprise (PEAP), CA checked',
    `network={
  ssid="eduroam"
  key_mgmt=WPA-EAP
  eap=PEAP
  identity="a.b@uni.example"
  anonymous_identity="@uni.example"
  password="secret words"
  ca_cert="/etc/ssl/cert.pem"
  domain_suffix_match="radius.uni.example"
  phase2="auth=MSCHAPV2"
}
`,
  ],
  [
    'a directory of public certificates, without the name of the server',
    'Enterprise (TTLS), any public CA',
    `network={
  ssid="eduroam"
  key_mgmt=WPA-EAP
  eap=TTLS
  identity="a.b@uni.example"
  password="secret words"
  ca_path="/etc/ssl/certs/"
  phase2="auth=MSCHAPV2"
}
`,
    /any server with a public certificate is believed/,
  ],
  [
    'EAP-PWD',
    'Enterprise (PWD)',
    `network={
	ssid="eduroam"
	key_mgmt=WPA-EAP
	eap=PWD
	identity="me@net.example"
	password="secret words"
}
`,
  ],
  [
    'the hash of the password, and fast transition beside the usual key management',
    'Enterprise (PEAP), CA checked',
    `network={
	ssid="eduroam"
	key_mgmt=WPA-EAP WPA-EAP-SHA256 FT-EAP
	ieee80211w=1
	eap=PEAP
	identity="me@uni.example"
	password=hash:0123456789abcdef0123456789abcdef
	ca_cert="/usr/local/etc/der"
	phase1="peapver=0 tls_disable_tlsv1_3=1"
	phase2="auth=MSCHAPV2"
}
`,
  ],
  [
    'written on Windows: a mark at its start and CR LF at the ends of lines',
    'Enterprise (PEAP), CA checked',
    `\ufeffnetwork={
  ssid="eduroam"
  key_mgmt=WPA-EAP
  eap=PEAP
  identity="me@uni.example"
  password="secret words"
  ca_cert="/usr/local/etc/CA"
  subject_match="CN=radius.uni.example"
}
`.replaceAll('\n', '\r\n'),
  ],
];

let made: Certificates;
beforeAll(() => {
  made = makeCertificates();
});

/** What the real wpa_supplicant says of a file before it looks for an interface that is not there. */
function complaints(conf: string): string[] {
  const script = 'PATH=$PATH:/usr/sbin:/sbin; wpa_supplicant -D none -i none0 -c "$1" 2>&1 || true';
  const printed = run('sh', ['-c', script, 'sh', freshFile(conf)]).toString();
  expect(printed).toContain('Successfully initialized wpa_supplicant');
  return printed.split('\n').filter((line) => /^Line \d+:|Failed to read/.test(line));
}

describe('vm_site import of eduroam', { timeout: 60_000 }, () => {
  it.each<[string, string, string, RegExp?]>(FILES)('%s', (_, security, conf, said = /^/) => {
    const machine = new Machine();
    const folder = join(machine.root, 'usr/local/etc');
    for (const [name, path] of Object.entries(made.paths))
      writeFileSync(join(folder, name), readFileSync(path));
    writeFileSync(join(folder, 'eduroam.conf'), conf);
    const printed = siteOk(machine, null, 'import', join(folder, 'eduroam.conf'));
    expect(printed).toMatch(said);
    expect(printed).not.toMatch(/secret words|key words|left out/);
    const { networks } = JSON.parse(siteOk(machine, null, 'list', '--json')) as { networks: object[] };
    expect(networks).toMatchObject([{ ssid: 'eduroam', security }]);
    if (hasTool('wpa_supplicant')) expect(complaints(networksOf(machine))).toEqual([]);
  });
});
