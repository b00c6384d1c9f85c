import { assert, describe, it } from "@effect/vitest"
import * as shipped from "../src/index.ts"

// A name that goes breaks callers: it needs a changeset that says so.
const expected: Record<string, ReadonlyArray<string>> = {
  ChatTransport: ["ChatTransport", "layerHttp"],
  FallbackPlan: ["FallbackPlan", "layer", "make"],
  KimiClient: ["KimiClient", "layer", "layerConfig", "layerHttp", "layerTransport", "make"],
  Provider: ["fromConfig", "providers"],
  Reload: ["layer", "layerHttp", "make"],
  RequestCheck: ["check"]
}

describe("the package", () => {
  it("exports these names and no others", () => {
    const names = Object.entries(shipped).map(([name, members]) => [name, Object.keys(members).toSorted()])
    assert.deepStrictEqual(Object.fromEntries(names), expected)
  })
})
