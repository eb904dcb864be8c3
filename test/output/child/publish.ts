// The program of a child process. "once OUT MARK": publishes the sample bundle and prints how that ended. "loop OUT MARK":
// again and again with site images and with marks that begin with this one; does not end by itself.
import { AirhiveError } from '../../../generators/errors.ts';
import { publishSample } from '../sample.ts';

const [how, out = '', mark = ''] = process.argv.slice(2);
if (how === 'loop')
  for (let round = 0; ; round++) await publishSample(out, `${mark}-${round}`, { site: true });
try {
  await publishSample(out, mark);
  console.log('published');
} catch (error) {
  console.log(error instanceof AirhiveError ? `${error.kind}: ${error.message}` : error);
}
