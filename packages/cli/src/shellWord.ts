/** Arguments of the commands that are shown to be typed. */

/** An argument as a shell reads it. */
export const shellWord = (text: string): string =>
  /^[\w./:@-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`

/** The path of a file, which is read as no flag. */
export const shellPath = (path: string): string => shellWord(/^-./s.test(path) ? `./${path}` : path)
