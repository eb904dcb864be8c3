import { temporaryFolder } from '../inputs/sandbox.ts';
import { publishSample, type State } from './sample.ts';

/** A directory into which a bundle was built, with a site image. */
export async function publishedFolder(mark = 'one'): Promise<string> {
  const out = temporaryFolder();
  await publishSample(out, mark, { site: true });
  return out;
}

/** Its state. */
export const OLD_STATE: State = { bundle: 'one', tar: 'one', pkg: 'one', site: 'one', litter: [] };
