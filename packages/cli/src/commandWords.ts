/** The words of a command line, as a shell reads them: quotes and backslashes, of which nothing is expanded. */

/** A text in single quotes, one in double quotes, a character after a backslash, and what has none of them. */
const posixPart = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/gsy

/** In Windows, a backslash is a part of a path. */
const windowsPart = /'([^']*)'|"([^"]*)"|(?!)(.)|([^\s'"]+)/gsy

const space = /\s+/y

/** What a backslash escapes in double quotes. One before the end of a line continues the line. */
const escaped = /\\([$`"\\]|\n)/g

const unescaped = (text: string): string =>
  text.replaceAll(escaped, (_, character: string) => (character === "\n" ? "" : character))

/** What a part adds to its word. */
const textOf = ([, single, double, character, plain]: RegExpExecArray, isWindows: boolean): string => {
  if (double !== undefined) return isWindows ? double : unescaped(double)
  if (character !== undefined) return character === "\n" ? "" : character
  return single ?? plain ?? ""
}

interface Read {
  readonly words: ReadonlyArray<string>
  /** Whether each quote is closed, and each backslash has its character. */
  readonly isWhole: boolean
}

/** Reads the words up to what is not whole. */
export const read = (text: string, isWindows: boolean = process.platform === "win32"): Read => {
  const part = isWindows ? windowsPart : posixPart
  const words: Array<string> = []
  let word: string | undefined
  let at = 0
  while (at < text.length) {
    space.lastIndex = at
    part.lastIndex = at
    const isSpace = space.test(text)
    const found = isSpace ? null : part.exec(text)
    if (isSpace) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (found === null) break
    else word = (word ?? "") + textOf(found, isWindows)
    at = isSpace ? space.lastIndex : part.lastIndex
  }
  return { words: word === undefined ? words : [...words, word], isWhole: at >= text.length }
}

export const wordsOf = (text: string): ReadonlyArray<string> => read(text).words
