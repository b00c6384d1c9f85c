/**
 * Reads the traffic of a simulation from the files of an audit log.
 *
 * @since 0.1.0
 */
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Effect from "effect/Effect"
import { AuditReader } from "../internal/simulator/AuditReader.ts"
import type { RecordedTraffic } from "../simulator/RecordedTraffic.ts"
import { reasonOf } from "./internal/fileReason.ts"

const readLines = (reader: AuditReader, path: string, index: number): Effect.Effect<void, ConfigurationError> =>
  Effect.tryPromise({
    try: async (signal) => {
      const input = createReadStream(path, { encoding: "utf8", signal })
      for await (const line of createInterface({ input, crlfDelay: Infinity })) reader.add(line)
    },
    catch: (error) =>
      ConfigurationError.of([
        { name: `paths[${index}]`, expected: `the path of a file that can be read (${path}: ${reasonOf(error)})` }
      ])
  })

/**
 * Reads the files of one audit log, in any order: the current one and rotated
 * ones. See `Traffic.fromAudit` for what is read. Files are read line by line. A
 * file that cannot be read, and files without a call, fail with a
 * `ConfigurationError`.
 *
 * **Example** (What would yesterday have cost at tier 3?)
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const traffic = yield* AuditTraffic.fromFiles(["audit.jsonl"])
 *   const comparison = yield* Simulator.compare({
 *     seed: 1,
 *     traffic,
 *     configurations: [Simulator.tier(2), Simulator.tier(3)]
 *   })
 *   yield* Console.log(Simulator.toTable(comparison))
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromFiles = (paths: ReadonlyArray<string>): Effect.Effect<RecordedTraffic, ConfigurationError> =>
  Effect.suspend(() => {
    const reader = new AuditReader()
    const reading = Effect.forEach(paths, (path, index) => readLines(reader, path, index), { discard: true })
    return Effect.andThen(
      reading,
      Effect.suspend(() => reader.traffic)
    )
  })
