import { assert, describe, it } from "@effect/vitest"
import { InputWatch } from "../../../../src/node/internal/batch/inputChanged.ts"
import type { Difference } from "../../../../src/node/internal/batch/input/inputSource.ts"

/** An input that can be made to differ or to fail. */
const watched = () => {
  const input = {
    difference: { _tag: "None" } as Difference,
    code: undefined as string | undefined,
    digest: "a",
    digests: 0
  }
  const checked = <A>(value: A): A => {
    if (input.code !== undefined) throw Object.assign(new Error(input.code), { code: input.code })
    return value
  }
  const watch = new InputWatch({
    difference: () => checked(input.difference),
    digest: () => {
      input.digests += 1
      return checked(input.digest)
    }
  })
  return { input, found: () => [watch.hasOtherText(), watch.mayHaveOtherText(), watch.isChanged()] }
}

const writtenAt = (time: bigint): Difference => ({ _tag: "Time", writtenAt: time })

describe("InputWatch", () => {
  it.each(["EMFILE", "EACCES", "EIO"])("knows of no change while the input cannot be read for %s", (code) => {
    const { found, input } = watched()
    input.code = code
    assert.deepStrictEqual(found(), [false, false, false])
  })

  it.each(["ENOENT", "ENOTDIR"])("finds a removed input changed for as long as it is away: %s", (code) => {
    const { found, input } = watched()
    input.code = code
    assert.deepStrictEqual(found(), [false, false, true])
    input.code = undefined
    assert.deepStrictEqual(found(), [false, false, false])
  })

  it("finds another text changed, also when it was restored", () => {
    const { found, input } = watched()
    input.difference = { _tag: "Text" }
    assert.deepStrictEqual(found(), [true, true, true])
    input.difference = { _tag: "None" }
    assert.deepStrictEqual(found(), [true, true, true])
  })

  it("finds other bytes of equal size changed, also when they were restored", () => {
    const { found, input } = watched()
    input.difference = writtenAt(1n)
    input.digest = "b"
    assert.deepStrictEqual(found(), [true, true, true])
    input.difference = writtenAt(2n)
    input.digest = "a"
    assert.deepStrictEqual(found(), [true, true, true])
  })

  it("reads an equal copy once", () => {
    const { found, input } = watched()
    input.difference = writtenAt(1n)
    assert.deepStrictEqual([found(), found(), input.digests], [[false, false, false], [false, false, false], 2])
    input.difference = writtenAt(2n)
    assert.deepStrictEqual([found(), input.digests], [[false, false, false], 3])
  })

  it("takes the time for the text of a file that is too large to be read twice", () => {
    const watch = new InputWatch({ difference: () => writtenAt(1n), digest: () => undefined })
    assert.deepStrictEqual([watch.hasOtherText(), watch.mayHaveOtherText(), watch.isChanged()], [false, true, true])
  })
})
