import { assert, describe, it } from "@effect/vitest"
import { decode, type Key } from "../../src/prompt/keyDecoder.ts"

const nameOf = (key: Key): string => (key._tag === "Text" ? JSON.stringify(key.text) : key.name)
const keysOf = (input: string): string => decode(input).keys.map(nameOf).join(" ")

describe("decode", () => {
  it.each([
    ["\u001b[D", "left"],
    ["\u001bOD", "left"],
    ["\u0002", "left"],
    ["\u001b[1;5D", "wordLeft"],
    ["\u001bb", "wordLeft"],
    ["\u001b\u001b[D", "wordLeft"],
    ["\u001b[A", "up"],
    ["\u0010", "up"],
    ["\u001b[1~", "home"],
    ["\u001bOF", "end"],
    ["\u001b[3~", "delete"],
    ["\u007f", "backspace"],
    ["\u001b\u007f", "deleteWord"],
    ["\u0017", "deleteToSpace"],
    ["\u001b\r", "newline"],
    ["\r", "enter"],
    ["\n", "enter"],
    ["\r\n", "enter"],
    ["\u0003", "interrupt"],
    ["\u0004", "endOfInput"],
    ["a\u001b[Db\u0001c", '"a" left "b" home "c"'],
    ["\tif", '"\\tif"']
  ])("reads %j as %s", (input, keys) => {
    assert.strictEqual(keysOf(input), keys)
  })

  it.each([
    ["a function key", "\u001b[15;5~"],
    ["a function key of the Linux console", "\u001b[[A"],
    ["a function key of rxvt", "\u001b[23$"],
    ["the focus of a window", "\u001b[I"],
    ["a mouse", "\u001b[<35;10;10M"],
    ["a mouse in the form of X10", "\u001b[M !!"],
    ["a color", "\u001b[38;5;12m"],
    ["the position of the cursor", "\u001b[24;80R"],
    ["the color of the background", "\u001b]11;rgb:0000/0000/0000\u001b\\"],
    ["a title", "\u001b]0;title\u0007"],
    ["a string before another sequence", "\u001b]0;title\u001b[D\u001b[C"],
    ["an arrow with several modifiers", "\u001b[1;16A"],
    ["a sequence that a control character ends", "\u001b[1\u0000"],
    ["the end of a paste alone", "\u001b[201~"],
    ["a key with Alt", "\u001bx"],
    ["a character of two units with Alt", "\u001b😀"],
    ["a control character of eight bits", "\u009b"]
  ])("reads nothing from %s", (_, sequence) => {
    const texts = decode(`a${sequence}b`).keys.flatMap((key) => (key._tag === "Text" ? [key.text] : []))
    assert.strictEqual(texts.join(""), "ab")
  })

  it("has no control character in a text except a tab", () => {
    for (let code = 0; code < 0x100; code++) {
      const { keys, rest } = decode(`a${String.fromCharCode(code)}`)
      const text = keys.map((key) => (key._tag === "Text" ? key.text : "")).join("")
      assert.notMatch(text, /[^\t\u0020-\u007e\u00a0-\u00ff]/, `code ${code}`)
      assert.strictEqual(rest, code === 0x1b ? "\u001b" : "")
    }
  })

  it.each(["\u001b", "\u001b[", "\u001b[1;", "\u001bO", "\u001b]11;rgb:", "\u001b]0;title\u001b"])(
    "keeps the start %j of a sequence",
    (start) => {
      assert.deepStrictEqual(decode(`a${start}`), { keys: [{ _tag: "Text", text: "a" }], rest: start })
    }
  )

  it("reads a string that nothing ends as text from its first control character on", () => {
    assert.strictEqual(keysOf("\u001b]hello\r"), '"hello" enter')
  })

  it("reads what is pasted as one text", () => {
    assert.strictEqual(keysOf("\u001b[200~a\r\tb\r\nc\u001b[201~\r"), '"a\\n\\tb\\nc" enter')
  })

  it("drops the escape sequences of what is pasted", () => {
    assert.strictEqual(keysOf("\u001b[200~\u001b[31mred\u001b[0m \u0003\u0007\u001b[201~"), '"red "')
  })

  it("keeps a paste whose end has not arrived", () => {
    const { rest } = decode("\u001b[200~a\rb")
    assert.strictEqual(rest, "\u001b[200~a\rb")
    assert.strictEqual(keysOf(`${rest}\rc\u001b[201~`), '"a\\nb\\nc"')
  })

  it.each([
    ["a\rb\rc", '"a" newline "b" newline "c"'],
    ["a\r\nb\r\n", '"a" newline "b" newline']
  ])("reads the lines %j that arrive at once as one text", (input, keys) => {
    assert.strictEqual(keysOf(input), keys)
  })

  it("reads several line ends without a text after them as Enter", () => {
    assert.strictEqual(keysOf("a\r\r"), '"a" enter enter')
  })
})
