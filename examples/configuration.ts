/**
 * Options from code, the environment, a `.env` file and a JSON document, in this order of precedence, and the error
 * that names every invalid option at once.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { KimiClient } from "@kimi-effect/client"
import { ConfigFile, KimiNode } from "@kimi-effect/client/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const folder = mkdtempSync(join(tmpdir(), "kimi-configuration-"))
const dotEnv = join(folder, ".env")
const json = join(folder, "kimi.json")
const invalid = join(folder, "invalid.json")

// What is equal everywhere is in the document, and what differs by machine in the `.env` file.
writeFileSync(json, JSON.stringify({ kimi: { maxConcurrency: 20, idleTimeout: "90 seconds", cache: "memory" } }))
writeFileSync(dotEnv, "KIMI_MAX_CONCURRENCY=5\nKIMI_BUDGET=10 USD per day\n")
writeFileSync(invalid, JSON.stringify({ kimi: { maxConcurrency: 0, idleTimeout: "soon", maxAtempts: 3 } }))

/** The key and the URL come from the environment. An option in code wins over all. */
const client = KimiNode.layerConfig({ maxAttempts: 3 }).pipe(Layer.provide(ConfigFile.layer({ dotEnv, json })))

const describe = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  // Every stage with its options, and no secret.
  yield* Console.log(kimi.describe())
}).pipe(Effect.provide(client))

const wrong = KimiClient.KimiClient.pipe(
  Effect.provide(KimiNode.layerConfig().pipe(Layer.provide(ConfigFile.layer({ json: invalid })))),
  Effect.catchTag("ConfigurationError", ({ hint, issues }) =>
    Effect.andThen(
      Effect.forEach(issues, ({ expected, name }) => Console.log(`   ${name}: expected ${expected}`)),
      Console.log(`   hint: ${hint}`)
    )
  )
)

const program = Effect.gen(function* () {
  yield* Console.log("The stages of the client\n")
  yield* describe
  yield* Console.log("\nA document with three mistakes\n")
  yield* wrong
})

await Effect.runPromise(
  Effect.ensuring(
    program,
    Effect.sync(() => rmSync(folder, { recursive: true }))
  )
)
