import { assert, describe, it } from "@effect/vitest"
import * as core from "../src/index.ts"

/** `Module.member` for every value that the package exports, sorted. Types are not listed. */
const shipped = Object.entries(core)
  .flatMap(([module, members]) => Object.keys(members).map((member) => `${module}.${member}`))
  .toSorted()

// A name that goes breaks callers: it needs a changeset that says so. To add
// names, copy what the failing test shows.
const expected: ReadonlyArray<string> = [
  "Cost.format",
  "Cost.make",
  "Cost.ofModel",
  "ErrorFacts.table",
  "KimiConfig.KimiConfig",
  "KimiConfig.defaults",
  "KimiConfig.fromConfig",
  "KimiConfig.layer",
  "KimiConfig.layerConfig",
  "KimiConfig.make",
  "KimiConfig.providerIds",
  "KimiError.KimiError",
  "KimiError.classes",
  "KimiError.codec",
  "KimiError.isKimiError",
  "ModelCatalog.find",
  "ModelCatalog.knownModels",
  "ModelCatalog.priceOf",
  "StreamEvent.Finish",
  "StreamEvent.ReasoningDelta",
  "StreamEvent.Start",
  "StreamEvent.StreamEvent",
  "StreamEvent.TextDelta",
  "StreamEvent.ToolCall",
  "StreamEvent.ToolCallDelta",
  "StreamEvent.Usage",
  "StreamEvent.isContent",
  "StreamFold.empty",
  "StreamFold.fold",
  "StreamFold.step",
  "StreamFold.toPartial",
  "StreamFold.toResponse"
]

describe("the package", () => {
  it("exports these names and no others", () => {
    assert.deepStrictEqual(shipped, expected)
  })
})
