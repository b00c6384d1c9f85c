/** Jobs whose files are then damaged. */
import { writeFileSync } from "node:fs"
import { assert } from "@effect/vitest"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import { Effect } from "effect"
import * as BatchJob from "../../../../src/node/BatchJob.ts"
import { lineOf } from "./answered.ts"

/** Runs a job of three rows, one after the other. */
export const finished = (path: (name: string) => string, name = "out.jsonl") =>
  Effect.gen(function* () {
    const files = { input: path("in.jsonl"), output: path(name), concurrency: 1 }
    writeFileSync(files.input, ["a", "fail", "c"].map(lineOf).join("\n"))
    yield* BatchJob.run(files)
    return files
  })

export const refused = <A, E, R>(job: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(job), (error) => {
    if (!(error instanceof InvalidRequestError)) throw error
    assert.strictEqual(error.parameter, "output")
    return error
  })
