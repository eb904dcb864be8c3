import { hasTool } from '../tools.ts';
import { compileCall } from './call/program.ts';
import { startGuard } from './guard.ts';

/** What the bench runs beside Node, and the Debian package that has it. */
const NEEDED: Readonly<Record<string, string>> = {
  busybox: 'busybox-static',
  cc: 'gcc libc6-dev',
  dash: 'dash',
  flock: 'util-linux',
  mandoc: 'mandoc',
  mawk: 'mawk',
  mcopy: 'mtools',
  'mkfs.vfat': 'dosfstools',
  openssl: 'openssl',
  'original-awk': 'original-awk',
  perl: 'perl-base',
  shellcheck: 'shellcheck',
  'ssh-keygen': 'openssh-client',
  sshd: 'openssh-server',
  wpa_passphrase: 'wpasupplicant',
};

/**
 * Ends the run before the first test when something is missing: no test of the host is ever skipped. Whatever the run
 * leaves when it is killed goes with it.
 */
export default function setup(): () => void {
  const packages = Object.keys(NEEDED)
    .filter((tool) => !hasTool(tool))
    .map((tool) => NEEDED[tool]);
  if (packages.length > 0)
    throw new Error(`test:host needs: apt-get install --no-install-recommends ${packages.join(' ')}`);
  compileCall();
  const guard = startGuard();
  process.env.AIRHIVE_TEST_MACHINES = guard.prefix;
  return guard.end;
}
