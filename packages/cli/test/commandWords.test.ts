import { execFileSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { read } from "../src/commandWords.ts"

/** The words that a shell reads. */
const readByShell = (text: string): ReadonlyArray<string> =>
  execFileSync("sh", ["-c", `printf '%s\\0' ${text}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1)

describe("the words of a command", () => {
  it.each([
    "node server.mjs --root .",
    "  node   a\tb  ",
    `node 'a b' "c d"`,
    String.raw`node 'it'\''s' a`,
    String.raw`node a\ b \\c \'d \"e`,
    String.raw`node "a \"b\" \\ \n \x c"`,
    String.raw`node 'a\b'`,
    `node --root="a b"'c d'e`,
    `node "" '' a`,
    `node "a 'b'" 'c "d"'`,
    'node a\\\nb "c\\\nd"',
    "node größe"
  ])("are those of a shell: %s", (text) => {
    assert.deepStrictEqual(read(text, false), { words: readByShell(text), isWhole: true })
  })

  it.each(["node 'unclosed", 'node "unclosed', "node it's", "node a\\", String.raw`node "a\"`])(
    "are not whole: %s",
    (text) => {
      assert.isFalse(read(text, false).isWhole)
    }
  )

  it("keep the backslashes of Windows", () => {
    assert.deepStrictEqual(read(String.raw`C:\node.exe "C:\my files\a.mjs" 'b c'`, true), {
      words: [String.raw`C:\node.exe`, String.raw`C:\my files\a.mjs`, "b c"],
      isWhole: true
    })
  })
})
