import { assert, describe, it } from "@effect/vitest"
import { HostBatches } from "../../../src/node/internal/HostBatches.ts"
import { HostFiles, moonshotLimits } from "../../../src/internal/host/HostFiles.ts"
import type { ReceivedRequest } from "../../../src/node/ReceivedRequest.ts"

const line = (id: string) =>
  JSON.stringify({
    custom_id: id,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "kimi-k2.6", messages: [] }
  })

const request = (method: string, path: string, json?: unknown): ReceivedRequest => ({
  method,
  path: `/v1/batches${path}`,
  query: "",
  headers: {},
  body: "",
  json
})

const hour = 3_600_000

/** A server whose time a test sets, with a batch of two lines. */
const make = (stateMillis: number | undefined) => {
  let now = 0
  const files = new HostFiles(moonshotLimits, () => now)
  const batches = new HostBatches({
    files,
    now: () => now,
    stateMillis,
    acceptsModel: () => true,
    answer: () => ({ status: 200, headers: {}, events: ["{}"], isStream: false })
  })
  const input = files.store("in.jsonl", "batch", new TextEncoder().encode(`${line("a")}\n${line("b")}\n`)).file.id
  const endpoint = "/v1/chat/completions"
  batches.respond(request("POST", "", { input_file_id: input, endpoint, completion_window: "12h" }))
  const read = () => JSON.parse(JSON.stringify(batches.respond(request("GET", "/batch-000001"))?.body))
  const statusAt = (time: number): string => {
    now = time
    return read().status
  }
  return { read, statusAt }
}

describe("a batch with a time for each state", () => {
  it("is in the state of the time", () => {
    const { statusAt } = make(hour)
    assert.deepStrictEqual([0, hour - 1, hour, 2 * hour, 3 * hour, 4 * hour].map(statusAt), [
      "validating",
      "validating",
      "in_progress",
      "in_progress",
      "finalizing",
      "completed"
    ])
  })

  it("has ended when it is first asked for long after", () => {
    assert.strictEqual(make(hour).statusAt(11 * hour), "completed")
  })
})

describe("a batch whose window ends", () => {
  it("is expired", () => {
    const { statusAt } = make(undefined)
    statusAt(hour)
    assert.strictEqual(statusAt(12 * hour - 1), "in_progress")
    assert.strictEqual(statusAt(12 * hour), "expired")
  })

  it("has the results so far", () => {
    const { read, statusAt } = make(undefined)
    statusAt(hour)
    statusAt(2 * hour)
    statusAt(12 * hour)
    const { output_file_id, request_counts } = read()
    assert.deepStrictEqual(request_counts, { completed: 1, failed: 0, total: 2 })
    assert.isString(output_file_id)
  })
})

describe("a request for another route", () => {
  it("has no response", () => {
    const batches = new HostBatches({
      files: new HostFiles(moonshotLimits, () => 0),
      now: () => 0,
      stateMillis: undefined,
      acceptsModel: () => true,
      answer: () => ({ status: 200, headers: {}, events: [], isStream: false })
    })
    assert.isUndefined(batches.respond({ ...request("GET", ""), path: "/v1/models" }))
    assert.isUndefined(batches.respond(request("DELETE", "")))
  })
})
