/** Writes the outcomes of a batch that is known by its id only. */
import { listener } from "@kimi-effect/core/internal/Listener"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Surplus } from "../../../../batch/HostBatch.ts"
import { HostBatch } from "../../../../batch/internal/host/HostBatchService.ts"
import { deleteFilesOf } from "../../../../batch/internal/host/collect.ts"
import { followRules } from "../../../../batch/internal/host/follow.ts"
import { refusal } from "../../../../batch/internal/host/refusal.ts"
import type * as HostBatchJob from "../../../HostBatchJob.ts"
import * as damage from "../damage.ts"
import { Counts } from "../jobStatus.ts"
import { attempt, checkFile, newFile } from "../jobFiles.ts"
import { lock } from "../openJob.ts"
import * as hostRecord from "./hostRecord.ts"
import * as optionNames from "./optionNames.ts"
import * as jobFailure from "./jobFailure.ts"
import { encodeLine, readHead } from "../output/outputLine.ts"

const checkOutput = (batchId: string, output: string): Effect.Effect<void, InvalidRequestError> =>
  Effect.gen(function* () {
    // The records of a job are not those of this batch: they would make its lines rows of the job.
    const taken = damage.takenBy(output)
    if (taken === undefined) return
    const collecting = (yield* hostRecord.continues(output, batchId))
      ? `${hostRecord.call("resume", output)} collects the batch of the job itself.`
      : `${hostRecord.collectCall(batchId, output)} collects the batch next to it.`
    return yield* Effect.fail(damage.existingOutput(output, taken, collecting))
  })

export const collectBatch = <A, RD, RP>(
  batchId: string,
  output: string,
  options: HostBatchJob.CollectOptions<A, RD, RP>
): Effect.Effect<HostBatchJob.JobResult, HostBatchJob.JobError, HostBatch | RD | RP> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { deleteFiles = false, interval, maxInterval, model, onEvent, schema, timeout } = options
      yield* OptionRules.check("HostBatchJob", [
        ...OptionRules.knownNames(options, optionNames.ofCollect),
        ...followRules(options)
      ])
      yield* checkFile(output)
      yield* checkOutput(batchId, output)
      yield* lock(output)
      const host = yield* HostBatch
      const onState = (batch: Parameters<typeof refusal>[0]) => listener(onEvent)({ _tag: "State", batch })
      const call = `HostBatchJob.collect(${JSON.stringify(batchId)}, ${JSON.stringify(output)})`
      const followed = host.follow(batchId, { interval, maxInterval, timeout, onState })
      const batch = yield* Effect.mapError(followed, jobFailure.ofFollow(call))
      const refused = refusal(batch)
      if (refused !== undefined) {
        // Settles the money of a batch that used nothing.
        yield* Stream.runDrain(host.results(batch, []))
        return yield* refused
      }
      const lines = yield* newFile(output)
      const counts = new Counts()
      let surplus: Surplus = { malformed: 0, duplicates: 0, unknown: 0 }
      let isSettled = true
      let unanswered = 0
      const rows = yield* host.rows(batch)
      const outcomes = host.results<A, RD>(batch, rows, {
        schema,
        model,
        checkRows: false,
        onSettled: (found) => (isSettled = found),
        onSurplus: (found) => (surplus = { ...found })
      })
      yield* Stream.runForEach(outcomes, (outcome) => {
        if (outcome.attempts === 0) unanswered += 1
        const line = encodeLine(outcome, schema !== undefined)
        const head = readHead(line)
        if (head !== undefined) counts.add(head)
        return attempt("append", () => lines.append(Buffer.from(line)), output)
      })
      // Another program may have written it while the batch ran.
      yield* checkOutput(batchId, output)
      yield* attempt("sync", () => lines.commit(), output)
      if (deleteFiles) yield* deleteFilesOf(host, batch, { isSettled, surplus })
      return {
        ...counts.status,
        rejected: 0,
        duplicateIds: 0,
        resumed: 0,
        stopped: undefined,
        mode: "host" as const,
        choice: undefined,
        batch,
        unanswered,
        surplus
      }
    })
  )
