import { assert, describe, it } from "@effect/vitest"
import { OpenCalls } from "../../../../src/agent/internal/history/OpenCalls.ts"

const of = (...calls: ReadonlyArray<readonly [id: string, name: string]>): OpenCalls => {
  const open = new OpenCalls()
  for (const [id, name] of calls) open.add(id, name)
  return open
}

describe("OpenCalls", () => {
  it("finds the oldest call of a name", () => {
    const open = of(["1", "a"], ["2", "b"], ["3", "a"])
    assert.deepStrictEqual([open.takeByName("a"), open.takeByName("a"), open.takeByName("a")], ["1", "3", undefined])
  })

  it("finds no call of a name that was found by its id", () => {
    const open = of(["1", "a"], ["2", "a"])
    assert.strictEqual(open.takeById("1"), "1")
    assert.strictEqual(open.takeByName("a"), "2")
  })

  it("finds no call by an id that was found by its name", () => {
    const open = of(["1", "a"])
    assert.strictEqual(open.takeByName("a"), "1")
    assert.isUndefined(open.takeById("1"))
  })

  it("finds each call of a repeated id once", () => {
    const open = of(["1", "a"], ["1", "b"])
    assert.deepStrictEqual([open.takeById("1"), open.takeById("1"), open.takeById("1")], ["1", "1", undefined])
  })

  it("finds none without a name", () => {
    assert.isUndefined(of(["1", ""]).takeByName(undefined))
  })
})
