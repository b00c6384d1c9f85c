import { assert, describe, it } from "@effect/vitest"
import * as BatchErrors from "../../src/errors/BatchErrors.ts"

const message = "failed"

describe("BatchErrors", () => {
  it("locate an invalid row by line, then member", () => {
    const error = new BatchErrors.InvalidBatchRowError({ message, line: 17, parameter: "messages" })
    assert.strictEqual(error.line, 17)
    assert.deepStrictEqual(error.recovery, { _tag: "FixRequest", parameter: "messages" })
  })

  it("may have been billed when the host ended the batch", () => {
    assert.strictEqual(new BatchErrors.BatchExpiredError({ message, batchId: "batch-1" }).billing, "possible")
    assert.strictEqual(
      new BatchErrors.BatchFailedError({ message, batchId: "batch-1", state: "failed" }).billing,
      "possible"
    )
  })

  it("distinguish a failed batch from a cancelled one", () => {
    assert.throws(() =>
      Reflect.construct(BatchErrors.BatchFailedError, [{ message, batchId: "batch-1", state: "completed" }])
    )
  })

  it("are not billed when the job did not start", () => {
    assert.strictEqual(new BatchErrors.BatchInputChangedError({ message, input: "in.jsonl" }).billing, "none")
    assert.strictEqual(new BatchErrors.BatchJobLockedError({ message, job: "out.jsonl" }).billing, "none")
  })
})
