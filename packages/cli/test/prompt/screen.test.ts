import { assert, describe, it } from "@effect/vitest"
import * as Editor from "../../src/prompt/editor.ts"
import { Screen } from "../../src/prompt/screen.ts"

const size = { columns: 10, rows: 5 }
const lines = { ...Editor.make([], "a\nb\nc"), cursor: 1 }

describe("Screen", () => {
  it("places the cursor by what is before it", () => {
    assert.strictEqual(new Screen().draw("> ", lines, size), "\r\u001b[J> a\r\n  b\r\n  c\u001b[2A\r> a")
  })

  it("draws from the first row of what is shown", () => {
    const screen = new Screen()
    screen.draw("> ", { ...lines, cursor: 5 }, size)
    assert.strictEqual(screen.draw("> ", Editor.make([], "x"), size), "\r\u001b[2A\u001b[J> x\r> x")
  })

  it("moves to the last row of what stays", () => {
    const screen = new Screen()
    screen.draw("> ", lines, size)
    assert.strictEqual(screen.leave(), "\u001b[2B")
  })

  it.each(["leave", "clear"] as const)("draws from the cursor after %s", (name) => {
    const screen = new Screen()
    screen.draw("> ", { ...lines, cursor: 5 }, size)
    screen[name]()
    assert.strictEqual(screen.draw("> ", Editor.make([], "x"), size), "\r\u001b[J> x\r> x")
  })
})
