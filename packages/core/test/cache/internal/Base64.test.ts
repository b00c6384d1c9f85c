import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as Base64 from "../../../src/cache/internal/Base64.ts"

describe("Base64", () => {
  for (const size of [0, 1, 2, 3, 4, 100_001]) {
    it(`decodes ${size} bytes that it has encoded`, () => {
      const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7_919) & 255)
      const decoded = Option.getOrThrow(Base64.decode(Base64.encode(bytes)))
      assert.deepStrictEqual(new Uint8Array(decoded), bytes)
    })
  }

  describe("on a runtime without Buffer", () => {
    const withoutBuffer = <A>(use: () => A): A => {
      const { Buffer } = globalThis
      Object.assign(globalThis, { Buffer: undefined })
      try {
        return use()
      } finally {
        Object.assign(globalThis, { Buffer })
      }
    }

    it("decodes what it has encoded", () => {
      const bytes = Uint8Array.of(0, 127, 128, 255)
      assert.deepStrictEqual(
        withoutBuffer(() => Base64.decode(Base64.encode(bytes))),
        Option.some(bytes)
      )
    })

    it("decodes no invalid text", () => {
      assert.deepStrictEqual(
        withoutBuffer(() => Base64.decode("no base64!")),
        Option.none()
      )
    })
  })
})
