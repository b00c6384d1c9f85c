/** Jobs whose files are then damaged. */
import { readFileSync, writeFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { assert } from "@effect/vitest"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import { Effect } from "effect"
import * as BatchJob from "../../../../src/node/BatchJob.ts"
import * as gzipMember from "../../../../src/node/internal/batch/output/gzipMember.ts"
import { lineOf } from "./answered.ts"

/** Runs a job, by default of three rows, one after the other. */
export const finished = (
  path: (name: string) => string,
  name = "out.jsonl",
  rows: ReadonlyArray<string> = ["a", "fail", "c"]
) =>
  Effect.gen(function* () {
    const files = { input: path("in.jsonl"), output: path(name), concurrency: 1 }
    writeFileSync(files.input, rows.map(lineOf).join("\n"))
    yield* BatchJob.run(files)
    return files
  })

export const refused = <A, E, R>(job: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(job), (error) => {
    if (!(error instanceof InvalidRequestError)) throw error
    assert.strictEqual(error.parameter, "output")
    return error
  })

/** Changes one byte. */
export const flip = (path: string, position: number): void => {
  const bytes = readFileSync(path)
  bytes[position] = (bytes[position] ?? 0) ^ 0xff
  writeFileSync(path, bytes)
}

/** Writes the lines of a compressed output as several members, and returns where each begins, and where the last one ends. */
export const split = (output: string, rows: number): ReadonlyArray<number> => {
  const lines = gunzipSync(readFileSync(output)).toString().split("\n").slice(0, -1)
  const members: Array<Buffer> = []
  for (let at = 0; at < lines.length; at += rows) {
    members.push(gzipMember.encode(Buffer.from(`${lines.slice(at, at + rows).join("\n")}\n`)))
  }
  writeFileSync(output, Buffer.concat(members))
  const starts = [0]
  for (const { length } of members) starts.push((starts.at(-1) ?? 0) + length)
  return starts
}
