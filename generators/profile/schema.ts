import * as z from 'zod';
import { AirhiveError } from '../errors.ts';
import { describe } from './diagnostics.ts';
import * as field from './fields.ts';

/*
 * The single source of a profile's keys, types, defaults, error texts, of profiles/profile.schema.json and of
 * airhive-profile(5). What concerns more than one key is in rules.ts.
 */

const MIRROR =
  /^(?!.*\/v[0-9]+\.[0-9]+(\/|$))https?:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(\/[A-Za-z0-9._~%+-]+)*\/?$/;

/** The part of a mirror's URL before `/v3.24/releases/...`; read without a slash at the end. */
const mirrorField = field
  .text(MIRROR, {
    description:
      'Alpine mirror: the part of the URL before /v3.24/releases/. The pinned hash decides, not the mirror.',
    allowed: 'an http or https URL without user, query or fragment, up to the part before /v3.24/',
    example: 'https://dl-cdn.alpinelinux.org/alpine',
  })
  .transform((url) => url.replace(/\/$/, ''));

/** The name of an Alpine package; versions and repository tags would break the guest's list of packages. */
export const packageField = field.text(
  /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/,
  {
    description: 'Alpine package name.',
    allowed: 'the name of an Alpine package without a version',
    example: 'tcpdump',
  },
  64,
);

export const releaseField = field.text(/^[0-9]+\.[0-9]+\.[0-9]+$/, {
  description: 'Alpine release; it has to be pinned in profiles/releases.yaml.',
  allowed: 'an Alpine release with three numbers',
  example: '3.24.1',
});

export const flavorField = field.choice(
  ['standard', 'extended'],
  'Flavour of the ISO: extended carries all packages of the guest, standard is a quarter of the size and the guest ' +
    'fetches what is missing over its own Wi-Fi.',
);

export const archField = field.choice(['x86_64'], 'Architecture of the guest.');

/** Where Alpine's files are, unless a profile or an option names other places. */
export const ALPINE_MIRRORS = [
  'https://dl-cdn.alpinelinux.org/alpine',
  'https://mirrors.edge.kernel.org/alpine',
] as const;

const alpine = field.group(
  {
    release: releaseField,
    flavor: flavorField.default('standard'),
    arch: archField.default('x86_64'),
    mirrors: field
      .list(mirrorField, { description: 'Where the ISO is looked for, in this order.', least: 1, most: 16 })
      .prefault([...ALPINE_MIRRORS]),
    packages: field.list(packageField, { description: 'Further Alpine packages for the guest.' }).default([]),
  },
  'The Alpine Linux that runs in the guest.',
);

const machine = field.group(
  {
    name: field
      .text(
        /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
        {
          description: 'Name of the virtual machine on the host, and of the guest itself.',
          allowed: 'lower-case letters, digits and minus, starting with a letter',
          example: 'airhive',
        },
        32,
      )
      .default('airhive'),
    cpus: field.integer(1, 16, 'Virtual CPUs.').default(1),
    memory: field
      .memory('Memory of the guest, wired: the host has that much less. The release has a floor.')
      .prefault('384M'),
    loader: field
      .choice(
        ['grub', 'uefi'],
        'How the guest is started: grub needs the package grub2-bhyve, uefi needs bhyve-firmware.',
      )
      .default('grub'),
    console: field
      .choice(
        ['nmdm', 'stdio', 'none'],
        'Serial console: a null-modem device for cu(1), the terminal of vm_run, or none.',
      )
      .default('nmdm'),
  },
  'The virtual machine.',
);

// No `.`, `..` or empty step anywhere. The list of what is missing is separated by spaces.
const STEP = '[A-Za-z0-9_][A-Za-z0-9._+-]*';
const ONE_NAME = `(${STEP}/)*${STEP}(\\*[A-Za-z0-9._+-]*)?`;
const FIRMWARE = new RegExp(`^(?!.*\\.(zst|xz)(\\||$))${ONE_NAME}(\\|${ONE_NAME})*$`);

/** A firmware file, as its driver asks for it. */
export const firmwareField = field.text(FIRMWARE, {
  description:
    'Firmware file below /lib/firmware. A `*` stands for a number: the two greatest ones are taken. ' +
    'A `|` stands between names of which one is enough: all that there are are taken.',
  allowed: 'the name by which the driver asks for it, without /lib/firmware/ and without .zst or .xz',
  example: 'iwlwifi-ty-a0-gf-a0-*.ucode',
  inChoice: true,
});

/** Makers of Wi-Fi cards, as the table of cards names them. */
export const MAKERS = ['intel', 'realtek', 'mediatek', 'qualcomm', 'broadcom', 'marvell', 'ralink'] as const;

const device = field.group(
  {
    pci: field.pciPlace(
      'Where the card sits: the numbers at the end of pciB:S:F in `pciconf -l`, without the domain; at most 255/31/7. ' +
        'With auto vm_install looks for it on the host, by `id` or `maker`, and finds its drivers and what to retire ' +
        'in the table of cards.',
    ),
    id: field
      .pciIds(
        'Which card it is, so that another one at the same place is never taken. With `pci: auto` it may be a list: ' +
          'the card is one of these.',
        64,
      )
      .optional(),
    maker: field
      .choice(
        MAKERS,
        'In place of `id`, with `pci: auto`: any card of this maker that is in the table of cards.',
      )
      .optional(),
    force: field
      .flag('Take the card although the table of cards says that it never works in a VM.')
      .default(false),
    drivers: field
      .list(
        field.text(
          /^[A-Za-z][A-Za-z0-9_]*$/,
          {
            description: 'Kernel module.',
            allowed: 'the name of a kernel module without .ko',
            example: 'if_iwlwifi',
            hint: (written) =>
              /^[A-Za-z][A-Za-z0-9_]*\.ko$/.test(written)
                ? `written without .ko: ${written.replace(/\.ko$/, '')}`
                : undefined,
          },
          32,
        ),
        { description: 'FreeBSD drivers to keep away from the card.', most: 16 },
      )
      .default([]),
    firmware: field
      .choiceOrList(['auto', 'always', 'none'], firmwareField, {
        description:
          'Firmware for the guest that is taken from the packages of Alpine: what the table of cards names for this id ' +
          'if the ISO is not known to have it (auto), or in any case (always), or just these files.',
        most: 64,
      })
      .default('auto'),
  },
  'A PCI device given to the guest.',
);

const network = field.group(
  {
    bridge: field
      .text(
        /^bridge(0|[1-9][0-9]{0,4})$/,
        { description: 'Bridge on the host.', allowed: 'bridge and a number', example: 'bridge0' },
        15,
      )
      .default('bridge0'),
    tap: field
      .text(
        /^tap(0|[1-9][0-9]{0,4})$/,
        {
          description: 'Tap device on the host; bhyve knows the kind of a network device by this beginning.',
          allowed: 'tap and a number',
          example: 'tap0',
        },
        15,
      )
      .default('tap0'),
    host: field.prefixedAddress(
      "Address of the host on the bridge, with the subnet's prefix length.",
      '172.24.1.49/24',
    ),
    guest: field.address("Address of the guest in the same subnet: the host's router.", '172.24.1.1'),
    dns: field.address('DNS server of the host. Default: the guest.', '172.24.1.1').optional(),
    ipv6: field
      .uniqueLocalPrefix(
        'IPv6 for the bridge, a /64 in fc00::/7: ::1 is the guest, ::2 the host. Left out: no IPv6 beyond the guest.',
      )
      .optional(),
    mdns: field
      .flag(
        "Whether printers and cast devices of the Wi-Fi are found from the host's side by multicast DNS, and what that side " +
          'announces is found from the Wi-Fi. Not in networks that are marked public. IPv4 only.',
      )
      .default(false),
  },
  'The network between host and guest.',
);

export const MAC_POLICIES = ['permanent', 'random', 'per-network'] as const;
export type MacPolicy = (typeof MAC_POLICIES)[number];

const accessPoint = field.group(
  {
    ssid: field.text(
      /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u,
      {
        description:
          'Name of the network. Its passphrase is that of the network of this name on the site disk (vm_site add).',
        allowed: 'the name of a network, without control characters',
        example: 'laptop',
      },
      32,
    ),
    channel: field.integer(
      1,
      165,
      'Channel, 20 MHz wide: 1 to 13 (2.4 GHz), 36 to 48 or 149 to 165 (5 GHz). Those between are shared with radar.',
    ),
    security: field
      .choice(['both', 'wpa2', 'wpa3'], 'What clients have to know: WPA2, WPA3, or either of both.')
      .default('both'),
    address: field
      .prefixedAddress(
        "Address of the guest for the clients, with the prefix length of their network. Default: a /24 that is not the bridge's.",
        '172.24.2.1/24',
      )
      .optional(),
    dns: field.list(field.address('DNS server, as the host reaches it.', '192.168.1.1'), {
      description:
        'DNS servers that the guest asks for its clients, in this order: those of the network that the host is in, or ' +
        'network.host if a resolver listens there.',
      least: 1,
      most: 3,
    }),
    isolate: field.flag('Whether the clients are kept from each other.').default(true),
  },
  'The network that the guest makes, with `mode: access-point`. Its way out is another interface of the host.',
);

const wifi = field.group(
  {
    mode: field
      .choice(
        ['station', 'access-point'],
        "What the guest is: a member of others' networks (station), and so the host's way out; or the maker of one, whose " +
          'clients go out through another interface of the host.',
      )
      .default('station'),
    accessPoint: accessPoint.optional(),
    country: field
      .text(/^([A-Z]{2}|00)$/, {
        description: 'Where the radio is used, ISO 3166; "00" is the world domain with the fewest channels.',
        allowed: 'a country code of two capital letters, or "00" in quotes',
        example: 'DE',
        hint: (written) =>
          /^[A-Za-z]{2}$/.test(written) ? `written in capital letters: ${written.toUpperCase()}` : undefined,
      })
      .default('00'),
    interface: field
      .text(
        /^[a-z][a-z0-9_.-]*$/,
        {
          description: 'Name of the Wi-Fi card in the guest.',
          allowed: 'a network interface',
          example: 'wlan0',
        },
        15,
      )
      .default('wlan0'),
    sendName: field
      .flag('Whether the guest tells every network its name (DHCP); some networks list their devices by it.')
      .default(false),
    mac: field
      .choice(
        MAC_POLICIES,
        "Which address networks see: the card's own (permanent), another one at each connection (random), or for each network " +
          'one that stays and that no other network sees (per-network). vm_site can say otherwise for a network.',
      )
      .default('permanent'),
    portalCheck: field
      .text(/^http:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[A-Za-z0-9._~%/-]*)?$/, {
        description:
          'A page that answers 204 (No Content) and nothing else. It is asked for after each connection, so that the guest ' +
          'notices a login page (captive portal) in a network that does not announce one itself (DHCP option 114). ' +
          'Without it nothing is asked of anybody but the network.',
        allowed:
          'an http URL without user, query or fragment: in the place of https no login page can answer',
        example: 'http://cp.cloudflare.com/',
        hint: (written) =>
          written.startsWith('https://')
            ? `written with http: ${written.replace('https', 'http')}`
            : undefined,
      })
      .optional(),
  },
  'The radio. Networks and passphrases never go into a profile.',
);

const forward = field.group(
  {
    protocol: field.choice(['tcp', 'udp'], 'Transport protocol.'),
    port: field.integer(1, 65535, "Port on the guest's Wi-Fi side."),
    to: field.integer(1, 65535, 'Port on the host. Default: the same.').optional(),
  },
  'One port that leads from the Wi-Fi side to the host.',
);

const firewall = field.group(
  {
    forwards: field.list(forward, { description: 'Ports that lead to the host.' }).default([]),
    only: field
      .choice(
        ['any', 'trusted'],
        'In which networks the forwards and the port of the reverse tunnel are open: in any that the guest joins, or only ' +
          'in those that vm_site has marked with --trusted. For the clients of an access point they are always open.',
      )
      .default('any'),
  },
  'What the Wi-Fi side may reach: nothing but what is listed here.',
);

const ssh = field.group(
  {
    reverse: field
      .flag("Whether the Wi-Fi side reaches the host's sshd through a reverse tunnel.")
      .default(false),
    // A tunnel user without privileges may not listen below 1024.
    port: field.integer(1024, 65535, "Port on the guest's Wi-Fi side.").default(2210),
    to: field.integer(1, 65535, "Port of the host's sshd.").default(22),
  },
  'The reverse SSH tunnel.',
);

// No `.`, `..` or empty step anywhere, and none of the spaces and commas at which grub-bhyve and bhyve split.
const DIRECTORY = /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/;

const host = field.group(
  {
    directory: field
      .text(DIRECTORY, {
        description: 'Where the bundle lies on the host.',
        allowed:
          'an absolute path of letters, digits and . _ - without spaces, commas, `..`, `//` or a slash at the end ' +
          '(bhyve and grub-bhyve would split it)',
        example: '/mnt/vm_bhyve/linuxguest',
      })
      .default('/var/db/airhive'),
    freebsd: field.freebsdVersion('FreeBSD version of the host.'),
    retire: field
      .list(
        field.text(
          /^[A-Za-z_][A-Za-z0-9_]*$/,
          {
            description: 'rc.conf variable.',
            allowed: 'the name of an rc.conf variable',
            example: 'ifconfig_wlan0',
          },
          64,
        ),
        { description: 'rc.conf variables of the native Wi-Fi that have to go.' },
      )
      .default([]),
  },
  'The FreeBSD host.',
);

export const profileSchema = field
  .group(
    {
      alpine,
      machine: machine.prefault({}),
      passthrough: field.list(device, { description: 'The devices given to the guest.', least: 1, most: 8 }),
      network,
      wifi: wifi.prefault({}),
      firewall: firewall.prefault({}),
      ssh: ssh.prefault({}),
      host,
    },
    'What airhive builds a bundle from: one card in one FreeBSD machine.',
  )
  .meta({ title: 'airhive profile' });

/** A profile as read, with its defaults. */
export type Profile = z.output<typeof profileSchema>;

/** The JSON Schema (draft 2020-12) of a profile as written, for editors: text with a final newline. */
export function profileJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(profileSchema, { io: 'input' }), null, 2)}\n`;
}

/** Checks a mirror given on the command line as one in a profile is, and removes a slash at its end. Exit 2. */
export function parseMirror(url: string): string {
  const parsed = mirrorField.safeParse(url);
  if (parsed.success) return parsed.data;
  const allowed = parsed.error.issues[0]?.message ?? '';
  throw new AirhiveError('usage', `a mirror has to be ${allowed}; got ${describe(url)}`);
}
