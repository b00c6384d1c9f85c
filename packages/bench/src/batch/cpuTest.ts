import { KimiClient } from "@kimi-effect/client"
import { Batch } from "@kimi-effect/client/batch"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import { atOnce, layerImmediate, requestOf } from "./rows.ts"
import { Session } from "node:inspector/promises"
import { writeFileSync } from "node:fs"
const rows = 10_000
const runtime = ManagedRuntime.make(layerImmediate)
const kimi = await runtime.runPromise(Effect.service(KimiClient.KimiClient))
const requests = Array.from({ length: rows }, (_, index) => requestOf(index))
const cpuOf = async (run: any) => { const b = process.cpuUsage(); await runtime.runPromise(run); const { system, user } = process.cpuUsage(b); return (user + system) / rows }
const chat = Effect.forEach(requests, (request) => kimi.chat(request), { concurrency: atOnce, discard: true })
const batch = Stream.runDrain(Batch.stream(requests, { concurrency: atOnce }))
const nodedup = Stream.runDrain(Batch.stream(requests, { concurrency: atOnce, deduplicate: false }))
for (let i = 0; i < 6; i++) { const c = await cpuOf(chat), b = await cpuOf(batch), n = await cpuOf(nodedup); console.log("chat", c.toFixed(1), "batch +", (b - c).toFixed(1), "no dedup +", (n-c).toFixed(1)) }
const s = new Session(); s.connect(); await s.post("Profiler.enable"); await s.post("Profiler.setSamplingInterval", { interval: 200 }); await s.post("Profiler.start")
for (let i = 0; i < 3; i++) await cpuOf(batch)
const { profile } = await s.post("Profiler.stop"); writeFileSync("/tmp/batch15/prof-batch/x.cpuprofile", JSON.stringify(profile))
await s.post("Profiler.start")
for (let i = 0; i < 3; i++) await cpuOf(chat)
writeFileSync("/tmp/batch15/prof-forEach/x.cpuprofile", JSON.stringify((await s.post("Profiler.stop")).profile))
