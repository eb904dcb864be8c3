import { hasTool } from '../tools.ts';

/** What the bench runs beside Node, and the Debian package that has it. */
const NEEDED: Readonly<Record<string, string>> = {
  busybox: 'busybox-static',
  dash: 'dash',
  flock: 'util-linux',
  mcopy: 'mtools',
  'mkfs.vfat': 'dosfstools',
  perl: 'perl-base',
  shellcheck: 'shellcheck',
  'ssh-keygen': 'openssh-client',
};

/** Ends the run before the first test when something is missing: no test of the host is ever skipped. */
export default function setup(): void {
  const packages = Object.keys(NEEDED)
    .filter((tool) => !hasTool(tool))
    .map((tool) => NEEDED[tool]);
  if (packages.length > 0)
    throw new Error(`test:host needs: apt-get install --no-install-recommends ${packages.join(' ')}`);
}
