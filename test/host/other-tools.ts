import { existsSync } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = process.env.AIRHIVE_TEST_TOOLS ?? '';

/** AIRHIVE_TEST_TOOLS: folders with other programs, such as FreeBSD's own base tools, that play instead of Debian's. */
export const OTHER_TOOLS: Readonly<Record<string, string>> = FOLDERS ? { AIRHIVE_TEST_TOOLS: FOLDERS } : {};

/** The same with a folder that goes before all others. */
export function toolsBefore(folder: string): Record<string, string> {
  return { AIRHIVE_TEST_TOOLS: FOLDERS ? `${folder}:${FOLDERS}` : folder };
}

/** The other awks among them. */
export function otherAwks(): string[] {
  return FOLDERS.split(':')
    .map((folder) => join(folder, 'awk'))
    .filter((awk) => awk !== 'awk' && existsSync(awk));
}
