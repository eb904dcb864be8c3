import { join } from 'node:path';
import type { ApSpec } from '../air-config.ts';
import { buildBundle } from '../bundle.ts';
import type { Boot } from '../check.ts';
import { writeBlank } from '../disks.ts';

/** The access point and the network that most boots know. */
export const HOME: ApSpec = { ssid: 'home', security: { kind: 'psk', passphrase: 'correct horse' } };
export const HOME_NETWORK = { ssid: 'home', passphrase: 'correct horse' };

/** The ordinary case: everything on the ISO, one network known, a state disk, nothing wrong. */
export const gateway: Boot = {
  name: 'gateway',
  prepare: async (tools) => {
    const state = join(tools.folder, 'state.img');
    await writeBlank(state, 64);
    const bundle = await buildBundle(tools, {
      flavor: 'extended',
      networks: [HOME_NETWORK],
      profile: {
        firewall: {
          forwards: [
            { protocol: 'tcp', port: 8022, to: 22 },
            { protocol: 'udp', port: 8053, to: 5353 },
          ],
        },
      },
    });
    return { ...bundle, state, passthrough: 'silent', channels: 'all' };
  },
  started: ({ air }) => air.start(HOME),
};
