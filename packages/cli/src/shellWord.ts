/** Arguments of the commands that are shown to be typed. */
import { reorderings } from "./reorderings.ts"

/** What a terminal would execute, or would show in another place. */
const unshown = new RegExp(String.raw`[\u0000-\u001f\u007f-\u009f]|${reorderings.source}`, "g")

const short: { readonly [character: string]: string } = { "\n": "n", "\r": "r", "\t": "t" }

const escapeOf = (character: string): string => {
  const code = character.charCodeAt(0)
  const name = code < 0x80 ? `x${code.toString(16).padStart(2, "0")}` : `u${code.toString(16).padStart(4, "0")}`
  return `\\${short[character] ?? name}`
}

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
