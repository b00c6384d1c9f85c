/** Arguments of the commands that are shown to be typed. */
import { reorderings } from "./reorderings.ts"

/** What a terminal would execute, or would show in another place. */
const unshown = new RegExp(String.raw`[\u0000-\u001f\u007f-\u009f]|${reorderings.source}`, "g")

const short: { readonly [character: string]: string } = { "\n": "n", "\r": "r", "\t": "t" }

const encoder = new TextEncoder()

/** Bytes: the numbers of characters are read in a UTF-8 locale alone. */
const escapeOf = (character: string): string =>
  Object.hasOwn(short, character)
    ? `\\${short[character]}`
    : [...encoder.encode(character)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")

/** As bash, zsh and ksh read it, among others. A mark of exclamation would be one of the history of commands in some. */
const ansiWord = (text: string): string =>
  `$'${text
    .replaceAll(/[\\']/g, String.raw`\$&`)
    .replaceAll("!", String.raw`\x21`)
    .replaceAll(unshown, escapeOf)}'`

/** An argument as a shell reads it. */
export const shellWord = (text: string): string => {
  if (/^[\w./:@-]+$/u.test(text)) return text
  return text.search(unshown) === -1 ? `'${text.replaceAll("'", String.raw`'\''`)}'` : ansiWord(text)
}

/** The path of a file, which is read as no flag. */
export const shellPath = (path: string): string => shellWord(/^-./s.test(path) ? `./${path}` : path)
