/**
 * From what a terminal sends to keys. The decoder of `node:readline` passes on the
 * rest of each sequence that it does not know as text, such as the report of a mouse
 * or a color in a pasted log: here, a sequence is a known key, or nothing.
 */
import * as Output from "../output.ts"

/** The sequences of each key that edits the text, without the escape before them. */
const editSequences = {
  left: ["[D", "OD"],
  right: ["[C", "OC"],
  up: ["[A", "OA"],
  down: ["[B", "OB"],
  home: ["[H", "OH", "[1~", "[7~"],
  end: ["[F", "OF", "[4~", "[8~"],
  // Alt or Ctrl with an arrow, in xterm and in rxvt; Alt with a letter, as in Emacs.
  wordLeft: ["[1;3D", "[1;5D", "[1;9D", "\u001b[D", "\u001bOD", "Od", "b"],
  wordRight: ["[1;3C", "[1;5C", "[1;9C", "\u001b[C", "\u001bOC", "Oc", "f"],
  backspace: [],
  delete: ["[3~"],
  deleteWord: ["\u007f", "\b"],
  deleteWordRight: ["[3;3~", "[3;5~", "[3^", "d"],
  deleteToSpace: [],
  deleteToStart: [],
  deleteToEnd: [],
  yank: [],
  // Alt-Enter, and Shift-Enter where the terminal distinguishes it.
  newline: ["\r", "\n", "[13;2u", "[27;2;13~"]
} as const

export type EditKey = keyof typeof editSequences

/** Keys that do more than edit the text. */
export type ControlKey = "enter" | "interrupt" | "endOfInput" | "clearScreen" | "suspend"

export type Key =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Edit"; readonly name: EditKey }
  | { readonly _tag: "Control"; readonly name: ControlKey }

const text = (content: string): Key => ({ _tag: "Text", text: content })
const edit = (name: EditKey): Key => ({ _tag: "Edit", name })
const control = (name: ControlKey): Key => ({ _tag: "Control", name })

const enter = control("enter")

const sequences = new Map(
  (Object.keys(editSequences) as Array<EditKey>).flatMap((name) =>
    editSequences[name].map((sequence) => [sequence as string, edit(name)] as const)
  )
)

const controls = new Map<string, Key>([
  ["\u0001", edit("home")],
  ["\u0002", edit("left")],
  ["\u0003", control("interrupt")],
  ["\u0004", control("endOfInput")],
  ["\u0005", edit("end")],
  ["\u0006", edit("right")],
  ["\b", edit("backspace")],
  ["\u000b", edit("deleteToEnd")],
  ["\u000c", control("clearScreen")],
  ["\u000e", edit("down")],
  ["\u0010", edit("up")],
  ["\u0015", edit("deleteToStart")],
  ["\u0017", edit("deleteToSpace")],
  ["\u0019", edit("yank")],
  ["\u001a", control("suspend")],
  ["\u007f", edit("backspace")]
])

const pasteStart = "\u001b[200~"
const pasteEnd = "\u001b[201~"

const tokens = new RegExp(
  [
    // The reports of a mouse in the form of X10, function keys of the Linux console and of rxvt, and every other CSI.
    String.raw`(?<sequence>\u001b{1,2}(?:\[(?:M[^]{3}|\[[A-E]|\d+\$|[0-?]*[ -/]*[@-~])|O[\d;]*[@-~])`,
    // A string, such as the answer to a query of the color, and Alt with a key.
    String.raw`|\u001b[\]P_^X][^\u0000-\u001f]*(?:\u0007|\u001b\\|(?=\u001b[^\\]))|\u001b[^\u001b[O\]P_^X])`,
    String.raw`|(?<incomplete>\u001b{1,2}(?:\[[0-?]*[ -/]*|O[\d;]*|[\]P_^X][^\u0000-\u001f]*\u001b?)?$)`,
    String.raw`|(?<malformed>\u001b{1,2}(?:\[[0-?]*[ -/]*|O[\d;]*|[\]P_^X])?)`,
    String.raw`|(?<lineEnd>\r\n?|\n)|(?<control>[\u0000-\u0008\u000b-\u001f\u007f])|(?<text>[^\u0000-\u0008\u000a-\u001f\u007f]+)`
  ].join(""),
  "uy"
)

/** Text from elsewhere, such as the clipboard, as a prompt can have it: without control characters, and with the line ends of a message. */
export const promptText = (content: string): string => Output.plain(content.replaceAll(/\r\n?/g, "\n"))

/**
 * Lines that arrive at once are pasted in a terminal without brackets around what is
 * pasted. Their ends are part of the text: the last one sends nothing, and a large text arrives in several parts.
 */
const joinLines = (keys: ReadonlyArray<Key>): ReadonlyArray<Key> => {
  const lastText = keys.findLastIndex(({ _tag }) => _tag === "Text")
  const isPasted = keys.indexOf(enter) >= 0 && keys.indexOf(enter) < lastText
  if (!isPasted) return keys
  return keys.map((key) => (key === enter ? edit("newline") : key))
}

const keyOf = (groups: { readonly [name: string]: string | undefined }): Key | undefined => {
  const { control: byte, lineEnd, sequence, text: content } = groups
  if (content !== undefined) return text(Output.plain(content))
  if (lineEnd !== undefined) return enter
  if (byte !== undefined) return controls.get(byte)
  return sequence === undefined ? undefined : sequences.get(sequence.slice(1))
}

interface Decoded {
  readonly keys: ReadonlyArray<Key>
  /** The start of a sequence or of a paste, which goes before the input that follows. */
  readonly rest: string
}

/** Whether the rest is a paste whose end has not arrived. */
export const isPaste = (rest: string): boolean => rest.startsWith(pasteStart)

/** What has arrived of a paste, for a key that ends it: if its end is lost, everything that is typed would be a part of it. */
export const endPaste = (rest: string): string => rest + pasteEnd

/** The keys of what has arrived at once. */
export const decode = (input: string): Decoded => {
  const keys: Array<Key> = []
  let at = 0
  while (at < input.length) {
    if (input.startsWith(pasteStart, at)) {
      const end = input.indexOf(pasteEnd, at)
      if (end < 0) return { keys: joinLines(keys), rest: input.slice(at) }
      keys.push(text(promptText(input.slice(at + pasteStart.length, end))))
      at = end + pasteEnd.length
      continue
    }
    tokens.lastIndex = at
    const groups = tokens.exec(input)?.groups ?? {}
    if (groups["incomplete"] !== undefined) return { keys: joinLines(keys), rest: input.slice(at) }
    const key = keyOf(groups)
    if (key !== undefined) keys.push(key)
    at = tokens.lastIndex
  }
  return { keys: joinLines(keys), rest: "" }
}
