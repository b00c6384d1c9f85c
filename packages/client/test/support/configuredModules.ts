/**
 * Prints the modules that a client of `KimiNode` loads when it is built with the
 * options of the first argument, a JSON object, and how often it reads the time
 * zones of the platform, for `loading.test.ts`.
 */
import { registerHooks } from "node:module"
import { KimiClient } from "@kimi-effect/client/KimiClient"
import * as KimiNode from "@kimi-effect/client/node/KimiNode"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

const urls = new Set<string>()
registerHooks({
  load(url, context, next) {
    urls.add(url)
    return next(url, context)
  }
})

let zoneReads = 0
Intl.DateTimeFormat = new Proxy(Intl.DateTimeFormat, {
  construct(target, args) {
    zoneReads++
    return Reflect.construct(target, args)
  }
})

const options = JSON.parse(process.argv[2] ?? "{}")
const client = KimiNode.layer({ apiKey: Redacted.make("sk-test"), ...options })
await Effect.runPromise(Effect.provide(Effect.asVoid(KimiClient), client))
process.stdout.write(JSON.stringify({ urls: [...urls], zoneReads }))
