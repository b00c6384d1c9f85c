import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Batch, BatchInputLine, BatchList, BatchOutputLine, BatchRequest, BatchStatus } from "../../src/models/Batch.ts"
import { refusal, throughText } from "../support/codec.ts"

const wire = {
  id: "batch_1",
  object: "batch",
  endpoint: "/v1/chat/completions",
  input_file_id: "file_1",
  completion_window: "24h",
  status: "validating",
  output_file_id: null,
  error_file_id: null,
  created_at: 1_790_000_000,
  in_progress_at: null,
  expires_at: 1_790_086_400,
  finalizing_at: null,
  completed_at: null,
  failed_at: null,
  cancelling_at: null,
  cancelled_at: null,
  request_counts: { completed: 0, failed: 0, total: 2 },
  metadata: null
}

const read = {
  id: "batch_1",
  endpoint: "/v1/chat/completions",
  input_file_id: "file_1",
  completion_window: "24h",
  status: "validating",
  created_at: 1_790_000_000,
  expires_at: 1_790_086_400,
  request_counts: { completed: 0, failed: 0, total: 2 }
}

describe("Batch", () => {
  it("reads a new batch with null members", () => {
    assert.deepStrictEqual(Schema.decodeUnknownSync(Batch)(wire), read)
  })

  it("encodes no null", () => {
    assert.deepStrictEqual(throughText(Schema.encodeSync(Batch)(Schema.decodeUnknownSync(Batch)(wire))), read)
  })

  it("reads an unknown status", () => {
    assert.strictEqual(Schema.decodeUnknownSync(Batch)({ ...wire, status: "paused" }).status, "paused")
    assert.isFalse(Schema.is(BatchStatus)("paused"))
    assert.isTrue(Schema.is(BatchStatus)("cancelling"))
  })

  it("reads a page of batches", () => {
    const page = Schema.decodeUnknownSync(BatchList)({ object: "list", data: [wire], has_more: true })
    assert.deepStrictEqual(page, { data: [read], has_more: true })
  })
})

describe("BatchRequest", () => {
  const request = { input_file_id: "file_1", endpoint: "/v1/chat/completions", completion_window: "24h" }

  it("accepts windows only in hours or days", () => {
    for (const completion_window of ["12h", "24h", "1d", "7d"]) {
      assert.isUndefined(refusal(BatchRequest, { ...request, completion_window }), completion_window)
    }
    for (const completion_window of ["24", "h", "90m", "1w", "1.5d", " 24h", "24h\n", ""]) {
      assert.include(refusal(BatchRequest, { ...request, completion_window }), "completion_window")
    }
  })

  it("refuses other endpoints", () => {
    assert.include(refusal(BatchRequest, { ...request, endpoint: "/v1/files" }), "endpoint")
  })
})

describe("BatchInputLine", () => {
  it("encodes the line of the batch guide", () => {
    const line = {
      custom_id: "a-1",
      method: "POST",
      url: "/v1/chat/completions",
      body: { model: "kimi-k2.6", messages: [{ role: "user", content: "2+2?" }] }
    } as const
    assert.deepStrictEqual(throughText(Schema.encodeSync(BatchInputLine)(line)), line)
  })

  it("refuses a body without a model", () => {
    const line = { custom_id: "a-1", method: "POST", url: "/v1/chat/completions", body: { messages: [] } }
    assert.include(refusal(BatchInputLine, line), '["body"]["model"]')
  })
})

describe("BatchOutputLine", () => {
  const decode = Schema.decodeUnknownSync(BatchOutputLine)

  it("keeps the body of a response unchanged", () => {
    const body = { id: "chatcmpl-1", choices: [], note: null }
    const line = { id: "a-1", custom_id: "a-1", response: { status_code: 200, request_id: "", body }, error: null }
    assert.deepStrictEqual(decode(line), {
      id: "a-1",
      custom_id: "a-1",
      response: { status_code: 200, request_id: "", body }
    })
  })

  it("reads a line with an error", () => {
    const line = { custom_id: "a-2", response: null, error: { message: "expired", type: "server_error", code: null } }
    assert.deepStrictEqual(decode(line), { custom_id: "a-2", error: { message: "expired", type: "server_error" } })
  })

  it("refuses a line without a custom_id", () => {
    assert.include(refusal(BatchOutputLine, { id: "a-3", response: null, error: null }), "custom_id")
  })
})
