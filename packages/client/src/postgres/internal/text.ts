/** Text in PostgreSQL, which cannot hold the character 0. Models name agents, so every name must be possible. */
export const toText = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\0", "\\0")

export const fromText = (text: string): string =>
  text.includes("\\") ? text.replaceAll(/\\(.)/gs, (_, char: string) => (char === "0" ? "\0" : char)) : text
