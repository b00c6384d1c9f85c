import { assert, describe, it } from "@effect/vitest"
import { layout, rowsAbove } from "../../src/prompt/layout.ts"

const size = { columns: 10, rows: 5 }

describe("layout", () => {
  it.each<[string, string, string, ReturnType<typeof layout>]>([
    ["a short text", "ab", "c", { rows: ["> abc"], row: 0, before: "> ab" }],
    ["a text that is longer than a row", "abcdefgh", "ij", { rows: ["> abcdefgh", "ij"], row: 1, before: "" }],
    ["a full row before the cursor", "abcdefgh", "", { rows: ["> abcdefgh", ""], row: 1, before: "" }],
    ["a cursor in an upper row", "a", "bcdefghij", { rows: ["> abcdefgh", "ij"], row: 0, before: "> a" }],
    ["wide characters", "你好你好你", "a", { rows: ["> 你好你好", "你a"], row: 1, before: "你" }],
    ["a wide character at an odd column", "a你好你好", "", { rows: ["> a你好你", "好"], row: 1, before: "好" }],
    ["several lines", "a\nb", "c\n", { rows: ["> a", "  bc", "  "], row: 1, before: "  b" }],
    ["a tab", "a\tb", "", { rows: ["> a    b"], row: 0, before: "> a    b" }],
    ["a cursor between a letter and its mark", "e", "\u0301", { rows: ["> e\u0301"], row: 0, before: "> e" }]
  ])("shows %s", (_, left, right, expected) => {
    assert.deepStrictEqual(layout("> ", [left, right], size), expected)
  })

  it.each([
    [0, ["> 0", "  1", "  2", "  3", "  4"], 0],
    [5, ["  3", "  4", "  5", "  6", "  7"], 2],
    [9, ["  5", "  6", "  7", "  8", "  9"], 4]
  ])("shows the rows around the cursor in line %i of a text that is higher than the terminal", (line, rows, row) => {
    const lines = Array.from({ length: 10 }, (_, index) => String(index))
    const left = lines.slice(0, line + 1).join("\n")
    const right = ["", ...lines.slice(line + 1)].join("\n")
    const shown = layout("> ", [left, line === 9 ? "" : right], size)
    assert.deepStrictEqual([shown.rows, shown.row], [rows, row])
  })
})

describe("rowsAbove", () => {
  const shown = layout("> ", ["abcdefghabcdefghijab", ""], size)

  it.each([
    [10, 2],
    [20, 2],
    // The terminal has wrapped both rows of ten columns.
    [5, 4],
    [1, 22]
  ])("counts the rows in a terminal of %i columns", (columns, rows) => {
    assert.strictEqual(rowsAbove(shown, columns), rows)
  })
})
