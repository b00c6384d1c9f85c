import { assert, describe, it } from "@effect/vitest"
import { amounts } from "../../src/handlers/batchText.ts"

describe("the costs of a batch", () => {
  it("have a few decimals in each currency", () => {
    assert.strictEqual(amounts({ USD: 1.23456, CNY: 0 }), "$1.2346, ¥0.0000")
  })

  it("are never shown as nothing", () => {
    assert.strictEqual(amounts({ USD: 0.0000177 }), "$0.0000177")
  })
})
