import { assert, describe, it } from "@effect/vitest"
import { InputWatch } from "../../../../src/node/internal/batch/inputChanged.ts"
import type { Difference } from "../../../../src/node/internal/batch/input/inputSource.ts"

/** An input that can be made to differ or to fail. */
const watched = (digests: ReadonlyArray<string | undefined> = ["a"]) => {
  const input = { difference: "none" as Difference, code: undefined as string | undefined }
  let count = 0
  const checked = <A>(value: A): A => {
    if (input.code !== undefined) throw Object.assign(new Error(input.code), { code: input.code })
    return value
  }
  const watch = new InputWatch({
    difference: () => checked(input.difference),
    digest: () => checked(digests[Math.min(count++, digests.length - 1)])
  })
  return { input, watch }
}

describe("InputWatch", () => {
  it.each(["EMFILE", "EACCES", "EIO"])("knows of no change while the input cannot be read for %s", (code) => {
    const { input, watch } = watched()
    input.code = code
    assert.deepStrictEqual([watch.hasOtherText(), watch.mayDiffer(), watch.isChanged()], [false, false, false])
  })

  it.each(["ENOENT", "ENOTDIR"])("finds a removed input changed for as long as it is away: %s", (code) => {
    const { input, watch } = watched()
    input.code = code
    assert.deepStrictEqual([watch.hasOtherText(), watch.mayDiffer(), watch.isChanged()], [false, true, true])
    input.code = undefined
    assert.deepStrictEqual([watch.mayDiffer(), watch.isChanged()], [false, false])
  })

  it("finds another text changed, also when it was restored", () => {
    const { input, watch } = watched()
    input.difference = "text"
    assert.isTrue(watch.hasOtherText())
    input.difference = "none"
    assert.deepStrictEqual([watch.hasOtherText(), watch.isChanged()], [true, true])
  })

  it.each([
    { name: "equal bytes", digests: ["a"], isChanged: false },
    { name: "other bytes", digests: ["a", "b"], isChanged: true },
    { name: "bytes that are too many to compare", digests: [undefined], isChanged: true }
  ])("compares the bytes of one that was written again: $name", ({ digests, isChanged }) => {
    const { input, watch } = watched(digests)
    input.difference = "time"
    assert.deepStrictEqual([watch.hasOtherText(), watch.mayDiffer(), watch.isChanged()], [false, true, isChanged])
  })
})
