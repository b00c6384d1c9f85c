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
})
