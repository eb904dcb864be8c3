/** What a console has. */
export const CONSOLE = 80;

/**
 * The words of a text in lines of at most `columns` characters, the first of which may have another limit. A longer word has a
 * line of its own and stays whole: it may be a path or an address.
 */
export function filled(text: string, columns: number, first = columns): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    const fits = Array.from(longer).length <= (lines.length > 1 ? columns : first);
    if (lines.length > 0 && fits) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
