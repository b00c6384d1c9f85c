/** The text of a prompt while it is edited. */
import { charactersOf, firstOf } from "./characters.ts"
import type { EditKey } from "./keyDecoder.ts"

export interface Editor {
  readonly text: string
  /** Where the next text goes, in UTF-16 units. */
  readonly cursor: number
  /** What was deleted last, for Ctrl-Y. */
  readonly deleted: string
  /** The earlier prompts, the oldest first. */
  readonly history: ReadonlyArray<string>
  /** Which prompt of the history is shown; its length for none. */
  readonly position: number
  /** What was typed before a prompt of the history was shown. */
  readonly draft: string
}

/** The same text, with other prompts before it. */
export const withHistory = (self: Editor, history: ReadonlyArray<string>): Editor => ({
  ...self,
  history,
  position: history.length
})

type Cursor = Pick<Editor, "cursor" | "text">

export const make = (history: ReadonlyArray<string> = [], text = ""): Editor => ({
  text,
  cursor: text.length,
  deleted: "",
  history,
  position: history.length,
  draft: ""
})

const words = new Intl.Segmenter(undefined, { granularity: "word" })

// A search from -1 would be one from 0.
const lineStart = ({ cursor, text }: Cursor): number => (cursor === 0 ? 0 : text.lastIndexOf("\n", cursor - 1) + 1)

const lineEnd = ({ cursor, text }: Cursor): number => {
  const at = text.indexOf("\n", cursor)
  return at < 0 ? text.length : at
}

/** The place before the cursor. */
const before = ({ cursor, text }: Cursor): number => {
  const start = lineStart({ cursor, text })
  if (cursor === start) return Math.max(0, start - 1)
  const last = [...charactersOf(text.slice(start, cursor))].at(-1) ?? ""
  return cursor - last.length
}

const after = ({ cursor, text }: Cursor): number => cursor + firstOf(text.slice(cursor)).length

/** Chinese and Japanese have no spaces between words: the segmenter knows their words. */
const wordBefore = ({ cursor, text }: Cursor): number => {
  for (let end = cursor; end > 0;) {
    const start = lineStart({ cursor: end, text })
    const word = Array.from(words.segment(text.slice(start, end))).findLast(({ isWordLike }) => isWordLike === true)
    if (word !== undefined) return start + word.index
    end = start - 1
  }
  return 0
}

const wordAfter = ({ cursor, text }: Cursor): number => {
  for (const { index, isWordLike, segment } of words.segment(text.slice(cursor))) {
    if (isWordLike === true) return cursor + index + segment.length
  }
  return text.length
}

const spaceBefore = ({ cursor, text }: Cursor): number =>
  text
    .slice(0, cursor)
    .trimEnd()
    .search(/\s\S*$/) + 1

const moved = (self: Editor, cursor: number): Editor => ({ ...self, cursor })

/** Without the text between the cursor and a place. */
const without = (self: Editor, place: number, isKept = true): Editor => {
  const [from, to] = place < self.cursor ? [place, self.cursor] : [self.cursor, place]
  if (from === to) return self
  const deleted = isKept ? self.text.slice(from, to) : self.deleted
  return { ...self, text: self.text.slice(0, from) + self.text.slice(to), cursor: from, deleted }
}

export const insert = (self: Editor, text: string): Editor => ({
  ...self,
  text: self.text.slice(0, self.cursor) + text + self.text.slice(self.cursor),
  cursor: self.cursor + text.length
})

/** The same character of the line that begins at a place. */
const inLine = (self: Editor, start: number): Editor => {
  const column = [...charactersOf(self.text.slice(lineStart(self), self.cursor))].length
  const line = self.text.slice(start, lineEnd({ cursor: start, text: self.text }))
  return moved(self, start + [...charactersOf(line)].slice(0, column).join("").length)
}

const recalled = (self: Editor, position: number): Editor => {
  const text = self.history[position] ?? self.draft
  const draft = self.position === self.history.length ? self.text : self.draft
  return { ...self, text, cursor: text.length, position, draft }
}

const edits: { readonly [K in EditKey]: (self: Editor) => Editor } = {
  left: (self) => moved(self, before(self)),
  right: (self) => moved(self, after(self)),
  up: (self) => {
    const start = lineStart(self)
    if (start > 0) return inLine(self, lineStart(moved(self, start - 1)))
    return self.position === 0 ? self : recalled(self, self.position - 1)
  },
  down: (self) => {
    const end = lineEnd(self)
    if (end < self.text.length) return inLine(self, end + 1)
    return self.position === self.history.length ? self : recalled(self, self.position + 1)
  },
  home: (self) => moved(self, lineStart(self)),
  end: (self) => moved(self, lineEnd(self)),
  wordLeft: (self) => moved(self, wordBefore(self)),
  wordRight: (self) => moved(self, wordAfter(self)),
  backspace: (self) => without(self, before(self), false),
  delete: (self) => without(self, after(self), false),
  deleteWord: (self) => without(self, wordBefore(self)),
  deleteWordRight: (self) => without(self, wordAfter(self)),
  deleteToSpace: (self) => without(self, spaceBefore(self)),
  // At the start or the end of a line, what separates it from the next one.
  deleteToStart: (self) => without(self, Math.min(lineStart(self), before(self))),
  deleteToEnd: (self) => without(self, self.cursor === lineEnd(self) ? after(self) : lineEnd(self)),
  yank: (self) => insert(self, self.deleted),
  newline: (self) => insert(self, "\n")
}

export const edit = (self: Editor, key: EditKey): Editor => edits[key](self)

/** Whether Enter begins a new line, which a backslash before it requests. The backslash is replaced. */
export const continued = (self: Editor): Editor | undefined =>
  self.text[self.cursor - 1] === "\\" ? insert(without(self, self.cursor - 1, false), "\n") : undefined
