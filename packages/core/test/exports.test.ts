import { assert, describe, it } from "@effect/vitest"
import * as core from "../src/index.ts"

const isModule = (value: object): boolean => Object.prototype.toString.call(value) === "[object Module]"

/** Every value that the package exports, as `Module.member` for those of a module, sorted. Types are not listed. */
const shipped = Object.entries(core)
  .flatMap(([name, value]) => (isModule(value) ? Object.keys(value).map((member) => `${name}.${member}`) : [name]))
  .toSorted()

// A name that goes breaks callers: it needs a changeset that says so. To add
// names, copy what the failing test shows.
const expected: ReadonlyArray<string> = [
  "Backoff.bounds",
  "Backoff.schedule",
  "Balance",
  "Batch.Batch",
  "Batch.BatchInputLine",
  "Batch.BatchList",
  "Batch.BatchOutputLine",
  "Batch.BatchRequest",
  "Batch.BatchRequestCounts",
  "Batch.BatchStatus",
  "ChatRequest",
  "ChatResponse",
  "CircuitBreaker.CircuitBreaker",
  "CircuitBreaker.defaults",
  "CircuitBreaker.layer",
  "CircuitBreaker.layerOff",
  "CircuitBreaker.make",
  "Cost.format",
  "Cost.make",
  "Cost.ofModel",
  "Cost.ofResponse",
  "ErrorFacts.table",
  "File.FileDeleted",
  "File.FileList",
  "File.FileObject",
  "File.FilePurpose",
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
  "Message.AssistantMessage",
  "Message.ContentPart",
  "Message.ImagePart",
  "Message.Message",
  "Message.SystemMessage",
  "Message.TextPart",
  "Message.ToolMessage",
  "Message.UserMessage",
  "Message.VideoPart",
  "Model",
  "ModelCatalog.find",
  "ModelCatalog.knownModels",
  "ModelCatalog.priceOf",
  "PartialAnswer",
  "Pipeline.describe",
  "Pipeline.effect",
  "Pipeline.order",
  "Pipeline.stream",
  "Retry.RetrySchedule",
  "Retry.fromConfig",
  "Retry.withRetry",
  "Retry.withStreamRetry",
  "RetryBudget.RetryBudget",
  "RetryBudget.layer",
  "RetryBudget.layerOff",
  "RetryBudget.make",
  "StreamEvent.Finish",
  "StreamEvent.ReasoningDelta",
  "StreamEvent.Start",
  "StreamEvent.StreamEvent",
  "StreamEvent.TextDelta",
  "StreamEvent.ToolCall",
  "StreamEvent.ToolCallDelta",
  "StreamEvent.Usage",
  "StreamEvent.isContent",
  "StreamFold.collect",
  "StreamFold.empty",
  "StreamFold.fold",
  "StreamFold.step",
  "StreamFold.toPartial",
  "StreamFold.toResponse",
  "StreamFold.unfold",
  "Timeout.withStreamTimeout",
  "Timeout.withTimeout",
  "Tool.BuiltinTool",
  "Tool.FunctionDefinition",
  "Tool.FunctionTool",
  "Tool.JsonObject",
  "Tool.ToolCall",
  "Tool.ToolChoice",
  "Tool.ToolDefinition",
  "Usage"
]

describe("the package", () => {
  it("exports these names and no others", () => {
    assert.deepStrictEqual(shipped, expected)
  })
})
