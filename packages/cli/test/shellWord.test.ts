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

describe("shellPath", () => {
  it("is no flag", () => {
    assert.deepStrictEqual(["-x.jsonl", "--json", "-", "a"].map(shellPath), ["./-x.jsonl", "./--json", "-", "a"])
  })
})
