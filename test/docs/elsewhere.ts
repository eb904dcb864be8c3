/** Commands of the documents that cannot be run where the others are, and the file that runs or proves each. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm ci': '.ci/run',
  'npm test': '.ci/run',
  'npm run lint': '.ci/run',
  'npm run typecheck': '.ci/run',
  'npm run test:host': '.ci/run',
  'npm run test:sweeps': '.ci/run',
  'npm run test:guest': '.ci/run',
  'npm run test:page': '.ci/run',
  'npm run test:vm': '.ci/run',
  'npm run bench': '.ci/run',
  'npm run schema': 'test/manual/generated.test.ts',
  // They need a mirror.
  'npm run airhive -- lock --profile ./mine.yaml': 'test/cli/lock.test.ts',
  'npm run airhive -- releases add 3.24.3': 'test/cli/releases.test.ts',
  // It asks a person.
  './vm_wifi pick': 'test/host/pick.test.ts',
  // Packages come over a network; that these are the ones is what the bench tells.
  'pkg install grub2-bhyve': 'test/host/check.test.ts',
  'pkg add intel.pkg': 'test/bundle/package.test.ts',
  'pkg install bhyve-firmware': 'test/host/preflight.test.ts',
};
