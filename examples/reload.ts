/** A client that follows its configuration file: new options without a restart and without failed calls. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { LiveConfig, type ReloadEvent } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

const folder = mkdtempSync(join(tmpdir(), "kimi-"))
const json = join(folder, "kimi.json")

// Replaces the file atomically, so that no reader sees half of it.
const save = (kimi: object) =>
  Effect.sync(() => {
    writeFileSync(`${json}.new`, JSON.stringify({ kimi: { logLevel: "none", ...kimi } }))
    renameSync(`${json}.new`, json)
  })

const logEvent = (event: ReloadEvent.ReloadEvent) =>
  event._tag === "Reloaded"
    ? Console.log(`changed: ${event.changed.join(", ")}`)
    : Console.log(`rejected: ${event.issues.map(({ expected, name }) => `${name}: expected ${expected}`).join("; ")}`)

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const { events } = yield* LiveConfig.LiveConfig
  const showLimits = Effect.suspend(() => Console.log(`  ${kimi.describe().match(/admission: .*/)?.[0]}`))

  /** Saves, and waits until the change is applied or rejected. */
  const change = Effect.fnUntraced(function* (options: object) {
    const next = yield* Effect.forkChild(Stream.runHead(events), { startImmediately: true })
    yield* save(options)
    const event = yield* Fiber.join(next)
    if (Option.isSome(event)) yield* logEvent(event.value)
    yield* showLimits
  })

  yield* showLimits
  yield* change({ maxConcurrency: 20, maxAttempts: 3 })

  // A call keeps the configuration that it started with; this one starts with the new one.
  const answer = yield* kimi.chat({ messages: [{ role: "user", content: "Hello world!" }] })
  yield* Console.log(answer.text.split("\n")[0])

  // An invalid change is rejected as a whole, and the previous configuration stays in use.
  yield* change({ maxConcurrency: 0, idleTimeout: "soon" })
})

await Effect.runPromise(
  save({ maxConcurrency: 2 }).pipe(
    // The key comes from the environment, which overrides the file.
    Effect.andThen(Effect.scoped(Effect.provide(program, KimiNode.layerWatch({ json })))),
    Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true })))
  )
)
