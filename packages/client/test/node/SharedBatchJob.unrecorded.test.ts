/** Rows of a shared job that were answered, and whose results could not be recorded at first. */
import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Journal } from "@kimi-effect/client/journal/Journal"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import { MockProvider, Reply } from "@kimi-effect/testing"
import { Effect } from "effect"
import * as GroupCommit from "../../src/journal/internal/GroupCommit.ts"
import * as MemoryStore from "../../src/journal/internal/MemoryStore.ts"
import * as OnStore from "../../src/journal/internal/OnStore.ts"
import type { Append, Store } from "../../src/journal/internal/Store.ts"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { attempts, inFolder, lineOf } from "./support/batch/answered.ts"

const unavailable = Effect.fail(GroupCommit.storeError("test", "append", "it did not answer in time"))

/** What the lines of an output have cost, and the attempts that they took. */
const spentIn = (output: string) =>
  readFileSync(output, "utf8")
    .trimEnd()
    .split("\n")
    .map((text) => JSON.parse(text) as Readonly<Record<"line" | "cost" | "attempts" | "cached", unknown>>)
    .map(({ attempts, cached, cost, line }) => ({ line, cost, attempts, cached }))

/** A row that was requested once, with a usage of 93 and 47 tokens. */
const paid = (line: number) => ({ line, cost: { USD: "0.000984" }, attempts: 1, cached: false })

const runOn = (journal: Journal["Service"], options: SharedBatchJob.Options) =>
  Effect.provideService(SharedBatchJob.run(options), Journal, journal)

/** A journal on a store in memory. */
const onStore = (change: (store: Store) => Partial<Store>) =>
  Effect.flatMap(MemoryStore.make, (store) => OnStore.make({ ...store, ...change(store) }, {}))

const script = () => Reply.chatResponse({ content: "yes", usage: { prompt_tokens: 93, completion_tokens: 47 } })

/** Runs a job of three rows on a store that fails once, when the result of the second one is appended. */
const whenFailing = (
  append: (store: Store, batch: ReadonlyArray<Append>) => Effect.Effect<unknown, JournalStoreError>
) =>
  inFolder((path) =>
    Effect.gen(function* () {
      writeFileSync(path("in.jsonl"), ["1", "2", "3"].map(lineOf).join("\n"))
      let hasFailed = false
      const journal = yield* onStore((store) => ({
        append: (batch) =>
          Effect.suspend(() => {
            const isSecond = batch.some(({ entry }) => entry.kind === "Result" && entry.key === "2")
            if (hasFailed || !isSecond) return store.append(batch)
            hasFailed = true
            return Effect.andThen(append(store, batch), unavailable)
          })
      }))
      const options = { id: "a", input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1 }
      const { own } = yield* runOn(journal, options)
      assert.isTrue(hasFailed)
      yield* attempts(3)
      return { own, spent: spentIn(options.output) }
    }).pipe(Effect.provide(MockProvider.layerClient({ script })))
  )

describe("a shared job whose journal fails after an answer", () => {
  it.live.each([
    ["before the journal", () => Effect.void],
    ["after the journal", (store: Store, batch: ReadonlyArray<Append>) => store.append(batch)]
  ] as const)("writes its cost when the failure is %s has recorded it", ([, append]) =>
    Effect.gen(function* () {
      const { own, spent } = yield* whenFailing(append)
      assert.deepStrictEqual(spent, [1, 2, 3].map(paid))
      assert.strictEqual(own.done, 3)
    })
  )
})
