import { assert, describe, it } from "@effect/vitest"
import * as Editor from "../../src/prompt/editor.ts"
import type { EditKey } from "../../src/prompt/keyDecoder.ts"

/** The text with a bar at the cursor. */
const shown = ({ cursor, text }: Editor.Editor): string => `${text.slice(0, cursor)}|${text.slice(cursor)}`

const at = (text: string, history: ReadonlyArray<string> = []): Editor.Editor => {
  const cursor = text.indexOf("|")
  return { ...Editor.make(history, text.replace("|", "")), cursor }
}

const edited = (editor: Editor.Editor, ...keys: ReadonlyArray<EditKey>): Editor.Editor =>
  keys.reduce(Editor.edit, editor)

describe("edit", () => {
  it.each<[EditKey, string, string]>([
    ["left", "ab|", "a|b"],
    ["left", "|ab", "|ab"],
    ["left", "a\n|b", "a|\nb"],
    ["left", "你|好", "|你好"],
    ["left", "e\u0301|", "|e\u0301"],
    ["left", "a👨‍👩‍👧|", "a|👨‍👩‍👧"],
    ["right", "|👍🏽a", "👍🏽|a"],
    ["right", "a|\nb", "a\n|b"],
    ["right", "a|", "a|"],
    ["home", "a\nbc|", "a\n|bc"],
    ["end", "a|b\nc", "ab|\nc"],
    ["home", "|\na", "|\na"],
    ["wordLeft", "one two.|", "one |two."],
    ["wordLeft", "one\n\n  |", "|one\n\n  "],
    ["wordLeft", "我想问|", "我想|问"],
    ["wordRight", "one| two x", "one two| x"],
    ["wordRight", "one|, ", "one, |"],
    ["backspace", "ab|c", "a|c"],
    ["backspace", "e\u0301|x", "|x"],
    ["backspace", "🇳🇴|", "|"],
    ["backspace", "a\n|b", "a|b"],
    ["backspace", "|a", "|a"],
    ["delete", "a|👨‍👩‍👧b", "a|b"],
    ["delete", "a|", "a|"],
    ["deleteWord", "one two|", "one |"],
    ["deleteWordRight", "|one two", "| two"],
    ["deleteToSpace", "one /a/b-c |x", "one |x"],
    ["deleteToSpace", "one|", "|"],
    ["deleteToStart", "a\nbc|d", "a\n|d"],
    ["deleteToStart", "a\n|d", "a|d"],
    ["deleteToStart", "|a", "|a"],
    ["deleteToEnd", "a|bc\nd", "a|\nd"],
    ["deleteToEnd", "a|\nd", "a|d"],
    ["newline", "a|b", "a\n|b"],
    ["up", "abc\nd|e", "a|bc\nde"],
    ["up", "a\nbcd|", "a|\nbcd"],
    ["up", "你好\nab|", "你好|\nab"],
    ["down", "ab|c\nde\nf", "abc\nde|\nf"],
    ["down", "\n|\na", "\n\n|a"]
  ])("does %s in %j", (key, before, after) => {
    assert.strictEqual(shown(edited(at(before), key)), after)
  })

  it("returns what was deleted last", () => {
    assert.strictEqual(shown(edited(at("one two|"), "deleteWord", "backspace", "home", "yank")), "two|one")
  })

  it("deletes in a text of one long word before others within milliseconds", () => {
    const text = `${"x".repeat(100_000)} y`
    assert.strictEqual(shown(edited(at(`${text}|`), "deleteToSpace")), `${"x".repeat(100_000)} |`)
  })
})

describe("history", () => {
  const history = ["one", "two\nlines"]

  it("shows the last prompt first", () => {
    assert.strictEqual(shown(edited(at("|", history), "up")), "two\nlines|")
  })

  it("shows the prompt before one from its first line on", () => {
    assert.strictEqual(shown(edited(at("|", history), "up", "up")), "two|\nlines")
    assert.strictEqual(shown(edited(at("|", history), "up", "up", "up")), "one|")
  })

  it("stays at the first prompt", () => {
    assert.strictEqual(shown(edited(at("|", history), "up", "up", "up", "up", "up")), "one|")
  })

  it("returns to what was typed before", () => {
    assert.strictEqual(shown(edited(at("draft|", history), "up", "down")), "draft|")
  })

  it("has nothing after what is typed", () => {
    assert.strictEqual(shown(edited(at("dr|aft", history), "down")), "dr|aft")
  })
})

describe("continued", () => {
  it("replaces a backslash at the cursor", () => {
    const editor = Editor.continued(at("a\\|"))
    assert.strictEqual(editor && shown(editor), "a\n|")
  })

  it("is nothing without one", () => {
    assert.isUndefined(Editor.continued(at("a\\b|")))
  })
})
