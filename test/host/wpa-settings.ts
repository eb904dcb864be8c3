// wpa_supplicant.conf(5): what may stand in the block of a network.

/** Of every setting that the guest knows a value; of lists, all words. */
export const ALL_SETTINGS = [
  ...[
    'scan_ssid=1',
    'priority=5',
    'disabled=0',
    'ieee80211w=1',
    'proactive_key_caching=1',
    'eap_workaround=0',
  ],
  ...['eapol_flags=3', 'ocsp=1', 'fragment_size=1300', 'wpa_ptk_rekey=600', 'owe_group=19', 'owe_only=1'],
  ...['mac_addr=1', 'disable_ht=1', 'disable_vht=1'],
  ...[
    'sae_password="x y"',
    'sae_password_id="y"',
    'id_str="home"',
    'bgscan="simple:30:-45:300"',
    'identity="me"',
  ],
  ...['anonymous_identity="nobody"', 'password="x"', 'phase1="peaplabel=0"', 'phase2="auth=MSCHAPV2"'],
  ...['', '2'].flatMap((n) => [
    ...[`subject_match${n}="/CN=a"`, `altsubject_match${n}="DNS:a.example"`],
    ...[`domain_match${n}="a.example"`, `domain_suffix_match${n}="example"`],
    `ca_cert${n}="hash://server/sha256/${'0f'.repeat(32)}"`,
  ]),
  ...[
    'private_key_passwd="x"',
    'private_key2_passwd="x"',
    'openssl_ciphers="DEFAULT"',
    'scan_freq=2412 2437',
    'freq_list=5180',
    'bssid=02:00:00:Aa:00:01',
  ],
  'key_mgmt=NONE WPA-PSK WPA-EAP IEEE8021X WPA-PSK-SHA256 WPA-EAP-SHA256 SAE OWE WPA-EAP-SUITE-B WPA-EAP-SUITE-B-192',
  ...['proto=WPA RSN WPA2', 'pairwise=CCMP TKIP CCMP-256 GCMP GCMP-256', 'pairwise=NONE'],
  ...[
    'group=CCMP TKIP CCMP-256 GCMP GCMP-256',
    'group_mgmt=AES-128-CMAC BIP-GMAC-128 BIP-GMAC-256 BIP-CMAC-256',
  ],
  ...[
    'auth_alg=OPEN SHARED LEAP',
    "eap=MD5 MSCHAPV2 OTP GTC TLS PEAP TTLS FAST PWD LEAP PSK PAX SIM AKA AKA'",
  ],
];

/** Settings that name files, which are on the host alone, and which a network cannot do without. */
export const FILE_SETTINGS = ['', '2'].flatMap((n) =>
  ['ca_cert', 'ca_path', 'client_cert', 'private_key'].map((name) => name + n),
);
