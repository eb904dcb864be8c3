import { fileOf, type File } from '../formats/tree.ts';
import { renderTemplate, type View } from './render.ts';

/** One file of overlays/guest or overlays/host as it lies in the repository, `.mustache` still in its name. */
export type OverlaySource = Pick<File, 'path' | 'bytes'>;

const TEMPLATE = '.mustache';

/**
 * Turns overlay sources into the files of a machine: templates are rendered, everything else is taken as it is.
 * Whatever starts with `#!` is executable (0755), the rest 0644: modes on the builder's disk depend on its umask.
 */
export function planOverlay(sources: readonly OverlaySource[], view: View): File[] {
  return sources.map(({ path, bytes }) => {
    const target = path.endsWith(TEMPLATE) ? path.slice(0, -TEMPLATE.length) : path;
    const content =
      target === path
        ? bytes
        : Buffer.from(renderTemplate(target, Buffer.from(bytes).toString('utf8'), view));
    return fileOf(target, content, isScript(content) ? 0o755 : 0o644);
  });
}

function isScript(bytes: Uint8Array): boolean {
  return bytes[0] === 0x23 && bytes[1] === 0x21;
}
