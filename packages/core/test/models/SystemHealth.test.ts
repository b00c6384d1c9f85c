import { assert, describe, it } from "@effect/vitest"
import { DateTime, Schema } from "effect"
import { SystemHealth } from "../../src/models/SystemHealth.ts"
import { refusal, throughText } from "../support/codec.ts"

const at = DateTime.makeUnsafe("2026-11-24T10:00:00.000Z")

const health: SystemHealth = {
  status: "degraded",
  checkedAt: at,
  components: [
    {
      name: "host",
      account: "moonshot",
      role: "required",
      status: "healthy",
      code: "Ok",
      message: "The host answers.",
      details: { url: "https://api.moonshot.ai/v1", models: 4, isWell: true },
      checkedAt: at,
      latencyMillis: 12,
      since: at,
      lastSuccess: at
    },
    {
      name: "mine",
      role: "supporting",
      status: "degraded",
      code: "Slow",
      message: "It is slow.",
      checkedAt: at,
      latencyMillis: 0,
      since: at
    }
  ]
}

describe("SystemHealth", () => {
  it("is equal after a round trip through JSON", () => {
    const encoded = throughText(Schema.encodeSync(SystemHealth)(health))
    assert.nestedPropertyVal(encoded, "checkedAt", "2026-11-24T10:00:00.000Z")
    assert.nestedPropertyVal(encoded, "components[0].lastSuccess", "2026-11-24T10:00:00.000Z")
    assert.deepStrictEqual(Schema.decodeUnknownSync(SystemHealth)(encoded), health)
  })

  it("refuses other values", () => {
    const encoded = Schema.encodeSync(SystemHealth)(health)
    assert.include(refusal(SystemHealth, { ...encoded, status: "fine" }), "status")
    assert.include(refusal(SystemHealth, { ...encoded, checkedAt: "yesterday" }), "checkedAt")
    assert.include(refusal(SystemHealth, { ...encoded, components: [{ name: "host" }] }), "role")
  })
})
