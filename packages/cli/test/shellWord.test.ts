import { execFileSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { shellPath, shellWord } from "../src/shellWord.ts"

/** The words that a shell reads. */
const read = (words: string): ReadonlyArray<string> =>
  execFileSync("sh", ["-c", `printf '%s\\n' ${words}`], { encoding: "utf8" })
    .trimEnd()
    .split("\n")

describe("shellWord", () => {
  it.each(["out.jsonl", "my talk.json", "ho st's.jsonl", 'a"b', "$HOME", "`id`", "a;b", "größe.jsonl", ""])(
    "is one word of a shell: %s",
    (text) => {
      assert.deepStrictEqual(read(shellWord(text)), [text])
    }
  )

  it("leaves plain words as they are", () => {
    assert.strictEqual(shellWord("sqlite:runs/a-b_c@2.db"), "sqlite:runs/a-b_c@2.db")
  })
})

/** What bash reads in any locale, which is one word. */
const readByBash = (word: string): string =>
  execFileSync("bash", ["-c", `printf '%s|' ${word}`], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" }
  }).slice(0, -1)

const codes = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, at) => first + at)

describe("a word with characters that a terminal executes", () => {
  const executed = [...codes(0x01, 0x1f), ...codes(0x7f, 0x9f), ...codes(0x202a, 0x202e), ...codes(0x2066, 0x2069)]

  it("is one word of bash, with each of them", () => {
    // A digit of a hexadecimal number follows each.
    const words = executed.map((code) => `a${String.fromCharCode(code)}b7`)
    assert.deepStrictEqual(readByBash(words.map(shellWord).join(" ")), words.join("|"))
  })

  it.each([
    "esc\u001b[31mx.jsonl",
    "it's\ta \\ tab",
    "\\'\n'\\",
    'a"$HOME\n`id`',
    "wow!!\r!x",
    String.raw`\x41\n` + "\u0007",
    "größe\u009b\u{1f600}",
    "\u202egnp.exe"
  ])("is the same word for bash: %j", (text) => {
    assert.strictEqual(readByBash(shellWord(text)), text)
  })

  it("shows none of them", () => {
    const word = shellWord(`${String.fromCharCode(...executed)}!`)
    assert.match(word, /^\$'[\u0020-\u007e]*'$/)
    assert.notInclude(word, "!")
  })

  it("has the escapes that a reader knows", () => {
    assert.strictEqual(
      shellWord("a\u001b[31m\n\t\r\u009b\u202e'"),
      String.raw`$'a\x1b[31m\n\t\r\xc2\x9b\xe2\x80\xae\''`
    )
  })
})

describe("shellPath", () => {
  it("is no flag", () => {
    assert.deepStrictEqual(["-x.jsonl", "--json", "-", "a"].map(shellPath), ["./-x.jsonl", "./--json", "-", "a"])
  })
})
