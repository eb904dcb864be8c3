import { extract, pack, type Header } from 'tar-stream';

/** One entry of a tar, to be changed at will. */
export interface Entry {
  header: Header;
  bytes: Buffer;
}

export async function unpack(tar: Uint8Array): Promise<Entry[]> {
  const entries: Entry[] = [];
  const archive = extract();
  archive.end(tar);
  for await (const entry of archive) {
    entries.push({ header: entry.header, bytes: await collect(entry as AsyncIterable<Uint8Array>) });
  }
  return entries;
}

/** Entries that are not files have no content, whatever they are given. */
export async function repack(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { header, bytes } of entries) {
    const content = header.type === 'file' ? bytes : Buffer.alloc(0);
    archive.entry({ ...header, size: content.length }, content);
  }
  archive.finalize();
  return collect(archive as AsyncIterable<Uint8Array>);
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The same entry under another name. */
export function renamed({ header, bytes }: Entry, name: string): Entry {
  return { header: { ...header, name }, bytes };
}
