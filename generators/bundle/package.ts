import { encodePkg, type PkgDescription } from '../formats/pkg.ts';
import { inPathOrder } from '../formats/order.ts';
import type { SummedFile } from '../formats/checksums.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
import type { Bundle } from './bundle.ts';

/** The packages with the loaders, as FreeBSD's ports have them. pkg looks for the name alone; the version is for people. */
const LOADERS = {
  grub: { name: 'grub2-bhyve', origin: 'sysutils/grub2-bhyve', version: '0.40' },
  uefi: { name: 'edk2-bhyve', origin: 'sysutils/edk2', version: 'g202411' },
} as const;

/** Where FreeBSD looks for what a bundle has, by the paths in the bundle. */
const PLACES: Readonly<Record<string, string>> = {
  airhivectl: 'usr/local/sbin/airhivectl',
  'completion/airhivectl.bash': 'usr/local/share/bash-completion/completions/airhivectl',
  'completion/airhivectl.fish': 'usr/local/share/fish/vendor_completions.d/airhivectl.fish',
  'completion/airhivectl.zsh': 'usr/local/share/zsh/site-functions/_airhivectl',
  'man/airhive-profile.5': 'usr/local/share/man/man5/airhive-profile.5',
  'man/airhive.8': 'usr/local/share/man/man8/airhive.8',
  'rc.d/airhive': 'usr/local/etc/rc.d/airhive',
};

/**
 * The bundle as a package of FreeBSD: all its files in a directory of their own, and a second time those that FreeBSD looks for
 * elsewhere. To install it switches nothing on: `airhivectl install` does, from there.
 */
export function encodeBundlePkg(
  bundle: Bundle,
  profile: ResolvedProfile,
  version: string,
): Promise<Uint8Array> {
  const directory = `usr/local/share/airhive/${bundle.name}`;
  const files = bundle.files.flatMap((file): SummedFile[] => {
    const place = PLACES[file.path];
    const inside = { ...file, path: `${directory}/${file.path}` };
    // The modes of FreeBSD's own scripts.
    const mode = file.mode === 0o755 ? 0o555 : file.mode;
    return place === undefined ? [inside] : [inside, { ...file, path: place, mode }];
  });
  return encodePkg(describe(bundle, profile, version), inPathOrder(files), bundle.epoch);
}

function describe({ name, epoch }: Bundle, { machine }: ResolvedProfile, version: string): PkgDescription {
  const { name: loader, ...dependency } = LOADERS[machine.loader];
  return {
    name: `airhive-${name}`,
    version: pkgVersion(version, epoch),
    origin: `net/airhive-${name}`,
    comment: `Wi-Fi through a small Linux guest, profile ${name}`,
    description:
      'airhive gives this machine its Wi-Fi through a small Alpine Linux VM: bhyve\n' +
      'passes the card through to it, and it is the gateway of the host.\n\n' +
      'Installing the package switches nothing on: see airhive(8), airhivectl install.',
    maintainer: 'root@localhost',
    www: 'https://man.freebsd.org/bhyve',
    categories: ['net'],
    abi: 'FreeBSD:1[3-5]:amd64',
    arch: 'freebsd:1[3-5]:x86:64',
    deps: { [loader]: dependency },
    messages: [
      {
        type: 'install',
        message:
          'Nothing is switched on by this, and a guest that runs goes on as it is. As root,\n' +
          'while there is a network:\n\n' +
          '  airhivectl check      lists problems, changes nothing\n' +
          '  airhivectl install    shows what it will change, asks, and does it\n',
      },
      {
        type: 'upgrade',
        message:
          'The guest goes on with the bundle before, until you run, as root:\n\n  airhivectl upgrade\n',
      },
    ],
    scripts: { 'pre-deinstall': beforeRemoval(name), 'post-deinstall': AFTER_REMOVAL },
  };
}

/** A package of the same airhive with a newer Alpine is a newer one; a "-" would end the package's name. */
function pkgVersion(version: string, epoch: number): string {
  const day = new Date(epoch * 1000).toISOString().slice(0, 10).replaceAll('-', '');
  return `${version.replaceAll(/[^0-9A-Za-z.]/g, '.')}_${day}`;
}

/** pkg goes on whatever a script says, so it cannot be refused: it is said what stays. */
const beforeRemoval = (name: string): string => `[ -z "\${PKG_UPGRADE-}" ] || exit 0
root=\${PKG_ROOTDIR%/}\${AIRHIVE_ROOT-}
# What vm_fetch has downloaded.
rm -f "$root/usr/local/share/airhive/${name}/iso"/*.iso "$root/usr/local/share/airhive/${name}/iso"/*.iso.part
[ -r "$root/var/db/airhive/folder" ] && IFS= read -r directory <"$root/var/db/airhive/folder" || exit 0
echo "airhive is installed on this machine and stays, only its package goes: the Wi-Fi needs it."
echo "To take everything back, also later: $directory/current/airhivectl remove"
exit 0
`;

/** The service's file, the manual pages and airhivectl went with the package. */
const AFTER_REMOVAL = `[ -z "\${PKG_UPGRADE-}\${PKG_ROOTDIR%/}" ] || exit 0
record=\${AIRHIVE_ROOT-}/var/db/airhive/folder
[ -r "$record" ] && IFS= read -r directory <"$record" || exit 0
[ -r "$directory/current/vm_install" ] || exit 0
sh "$directory/current/vm_install" keep || {
  echo "THE SERVICE OF THE GUEST IS MISSING NOW: run $directory/current/vm_install apply"
}
exit 0
`;
