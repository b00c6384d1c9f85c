/**
 * Reads the JSON of a stream piece by piece: the value so far, at any time.
 *
 * Each character is read once. A snapshot copies only the objects and arrays
 * that are still open, and shares those that are complete.
 */

type Container = Record<string, unknown> | Array<unknown>

/** An object or an array that is not complete. */
interface Frame {
  readonly container: Container
  /** The number of members, without the one that is being read. */
  size: number
  /** The key of the member that is being read, in an object. */
  key: string | undefined
}

/** What the next character is. */
type State =
  | "start"
  | "fence"
  | "value"
  | "first item"
  | "first key"
  | "key"
  | "colon"
  | "separator"
  | "string"
  | "token"
  | "end"
  | "invalid"

const quote = 0x22
const backslash = 0x5c

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t"
}

const unicodeEscape = /^u[0-9a-fA-F]{4}$/
const unicodeEscapeStart = /^u[0-9a-fA-F]{0,3}$/
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const tokenCharacter = /[-+.0-9A-Za-z]/

const literals: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null]
])

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

/** Sets a member as `JSON.parse` does: `__proto__` is an ordinary key. */
const setMember = (container: Container, key: string | undefined, value: unknown): void => {
  if (Array.isArray(container)) container.push(value)
  else if (key === "__proto__") {
    Object.defineProperty(container, key, { value, configurable: true, enumerable: true, writable: true })
  } else if (key !== undefined) container[key] = value
}

/** Whether a text that ends with this code ends in half of a character: the next piece completes it. */
const isHalf = (code: number): boolean => code >= 0xd800 && code <= 0xdbff

/** The reader of one JSON text whose root is an object or an array. A Markdown fence before it is skipped. */
export class PartialJson {
  #state: State = "start"
  readonly #frames: Array<Frame> = []
  /** The complete root. */
  #root: Container | undefined
  /** The characters so far of the string or the token that is being read. */
  #text = ""
  /** The code of the last character of `#text`, of a string. */
  #last = 0
  /** The characters of an escape after its backslash; `undefined` outside of one. */
  #escape: string | undefined
  #isKey = false
  /** The members of all open objects and arrays: what a snapshot copies. */
  #openSize = 0

  /** Whether the text cannot become valid JSON. Later pieces are ignored. */
  get isInvalid(): boolean {
    return this.#state === "invalid"
  }

  /** The number of members that a snapshot copies. */
  get snapshotSize(): number {
    return this.#openSize + this.#frames.length
  }

  /** Reads the next piece, which can start and end anywhere. */
  feed(piece: string): void {
    let at = 0
    while (at < piece.length && this.#state !== "invalid" && this.#state !== "end") {
      at = this.#state === "string" ? this.#readString(piece, at) : this.#readOther(piece, at)
    }
  }

  /** The value so far, without a number or literal that may continue; `undefined` before the root begins. */
  snapshot(): unknown {
    if (this.#root !== undefined) return this.#root
    let child: unknown
    let hasChild = this.#state === "string" && !this.#isKey
    // Reading a character of the text would copy all of it each time.
    if (hasChild) child = isHalf(this.#last) ? this.#text.slice(0, -1) : this.#text
    for (let depth = this.#frames.length - 1; depth >= 0; depth--) {
      const frame = this.#frames[depth]
      if (frame === undefined) break
      const copy: Container = Array.isArray(frame.container) ? frame.container.slice() : { ...frame.container }
      if (hasChild) setMember(copy, frame.key, child)
      child = copy
      hasChild = true
    }
    return child
  }

  #readOther(piece: string, at: number): number {
    const code = piece.charCodeAt(at)
    if (this.#state === "token") return this.#readToken(piece, at)
    if (this.#state === "fence") {
      const end = piece.indexOf("\n", at)
      if (end < 0) return piece.length
      this.#state = "start"
      return end + 1
    }
    if (!isSpace(code)) this.#readMark(piece.charAt(at), code)
    return at + 1
  }

  #readMark(mark: string, code: number): void {
    switch (this.#state) {
      case "start":
        return this.#begin(mark)
      case "first item":
        return mark === "]" ? this.#close(mark) : this.#beginValue(mark, code)
      case "value":
        return this.#beginValue(mark, code)
      case "first key":
        return mark === "}" ? this.#close(mark) : this.#beginKey(code)
      case "key":
        return this.#beginKey(code)
      case "colon":
        this.#state = mark === ":" ? "value" : "invalid"
        return
      default:
        this.#readSeparator(mark)
    }
  }

  #begin(mark: string): void {
    if (mark === "{" || mark === "[") this.#open(mark)
    else if (mark === "`") this.#state = "fence"
    else if (mark !== "\uFEFF") this.#state = "invalid"
  }

  #readSeparator(mark: string): void {
    const frame = this.#frames.at(-1)
    if (mark === "}" || mark === "]") this.#close(mark)
    else if (mark !== "," || frame === undefined) this.#state = "invalid"
    else this.#state = Array.isArray(frame.container) ? "value" : "key"
  }

  #beginKey(code: number): void {
    this.#state = code === quote ? "string" : "invalid"
    this.#isKey = true
    this.#text = ""
  }

  #beginValue(mark: string, code: number): void {
    if (mark === "{" || mark === "[") return this.#open(mark)
    this.#isKey = false
    this.#text = code === quote ? "" : mark
    this.#last = 0
    this.#state = code === quote ? "string" : tokenCharacter.test(mark) ? "token" : "invalid"
  }

  #open(mark: "{" | "["): void {
    this.#frames.push({ container: mark === "{" ? {} : [], size: 0, key: undefined })
    this.#state = mark === "{" ? "first key" : "first item"
  }

  #close(mark: "}" | "]"): void {
    const frame = this.#frames.at(-1)
    if (frame === undefined || Array.isArray(frame.container) !== (mark === "]")) {
      this.#state = "invalid"
      return
    }
    this.#frames.pop()
    this.#openSize -= frame.size
    this.#complete(frame.container)
  }

  /** Adds a complete value to what contains it. */
  #complete(value: unknown): void {
    const frame = this.#frames.at(-1)
    if (frame === undefined) {
      this.#root = value as Container
      this.#state = "end"
      return
    }
    setMember(frame.container, frame.key, value)
    frame.size += 1
    this.#openSize += 1
    this.#state = "separator"
  }

  /** Reads a number or a literal. What ends it is read again. */
  #readToken(piece: string, from: number): number {
    let at = from
    while (at < piece.length && tokenCharacter.test(piece.charAt(at))) at += 1
    this.#text += piece.slice(from, at)
    if (at === piece.length) return at
    if (literals.has(this.#text)) this.#complete(literals.get(this.#text))
    else if (number.test(this.#text)) this.#complete(Number(this.#text))
    else this.#state = "invalid"
    return at
  }

  #readString(piece: string, from: number): number {
    if (this.#escape !== undefined) {
      this.#readEscape(piece.charAt(from))
      return from + 1
    }
    let at = from
    let code = piece.charCodeAt(at)
    while (at < piece.length && code !== quote && code !== backslash && code >= 0x20) code = piece.charCodeAt(++at)
    this.#text += piece.slice(from, at)
    if (at > from) this.#last = piece.charCodeAt(at - 1)
    if (at === piece.length) return at
    if (code === backslash) this.#escape = ""
    else if (code === quote) this.#endString()
    else this.#state = "invalid"
    return at + 1
  }

  #readEscape(character: string): void {
    const escape = `${this.#escape ?? ""}${character}`
    const simple = escapes[escape]
    this.#escape = undefined
    if (simple !== undefined) this.#append(simple)
    else if (unicodeEscape.test(escape)) this.#append(String.fromCharCode(Number.parseInt(escape.slice(1), 16)))
    else if (unicodeEscapeStart.test(escape)) this.#escape = escape
    else this.#state = "invalid"
  }

  #append(character: string): void {
    this.#text += character
    this.#last = character.charCodeAt(0)
  }

  #endString(): void {
    const text = this.#text
    this.#text = ""
    const frame = this.#frames.at(-1)
    if (!this.#isKey || frame === undefined) return this.#complete(text)
    frame.key = text
    this.#state = "colon"
  }
}
