import * as field from './fields.ts';

export const network = field.group(
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
  },
  'The network between host and guest.',
);
