import { fileOf, type File } from '../formats/tree.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';

/** Where the page lies in a bundle. */
export const TROUBLESHOOTING = 'troubleshooting.md';

/**
 * The page docs/troubleshooting.md for one bundle: its commands name the folders, addresses and interfaces of the profile
 * intel8260, and here those of `profile`, so that they can be typed as they stand.
 */
export function planTroubleshooting(page: Uint8Array, profile: ResolvedProfile): File {
  const own = namesOf(profile);
  const anyExample = new RegExp(
    Object.keys(own)
      .map((example) => `${example.replaceAll('.', '\\.')}(?![A-Za-z0-9-])`)
      .join('|'),
    'g',
  );
  const text = Buffer.from(page).toString('utf8');
  const bytes = Buffer.from(text.replace(anyExample, (example) => own[example] ?? example));
  return fileOf(TROUBLESHOOTING, bytes);
}

/** What the page says of intel8260, and what is so in this profile; what another one begins with comes after that. */
function namesOf({ host, machine, network, passthrough: [card] }: ResolvedProfile): Record<string, string> {
  return {
    '/mnt/vm_bhyve/linuxguest': host.directory,
    'bhyve: airhive': `bhyve: ${machine.name}`,
    '172.24.1.49/24': `${network.host}/${network.prefix}`,
    '172.24.1.49': network.host,
    '172.24.1.1': network.guest,
    bridge0: network.bridge,
    tap0: network.tap,
    '8086:24f3': card?.id ?? '',
    '0x24f3': `0x${card?.device ?? ''}`,
  };
}
