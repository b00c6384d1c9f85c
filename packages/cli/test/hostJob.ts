/** Jobs of `kimi batch`, and one with a batch at the host. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import type * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Effect from "effect/Effect"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

export const lineOf = (content: string, model = "kimi-k2.6") =>
  JSON.stringify({ id: content, request: { model, messages: [{ role: "user", content }] } })

export const filesOf = (lines: ReadonlyArray<string>) =>
  Effect.map(temporaryFolder, (folder) => {
    const input = join(folder, "in.jsonl")
    writeFileSync(input, `${lines.join("\n")}\n`)
    return { input, output: join(folder, "out.jsonl") }
  })

type Server = MockServer.MockServer["Service"]

export const batchRoute = "GET /v1/batches/batch-000001"

/** Starts a job and leaves it when its batch was created. */
export const leave = (
  server: Server,
  env: { readonly [name: string]: string },
  lines = [lineOf("a"), lineOf("b")],
  flags: ReadonlyArray<string> = []
) =>
  Effect.gen(function* () {
    const files = yield* filesOf(lines)
    let isBroken = true
    yield* server.replyAt(batchRoute, () => (isBroken ? ErrorReply.table.invalidRequest : Reply.defaultReply))
    const { code } = yield* runKimi(["batch", "run", files.input, files.output, "--mode", "host", ...flags], { env })
    assert.strictEqual(code, 16)
    isBroken = false
    return files
  })

export const poll = ["--poll", "1 millis"]

/** The batch, without counts of its rows. */
export const batchWith = (members: { readonly [name: string]: unknown }): Reply.Json =>
  Reply.json({
    id: "batch-000001",
    endpoint: "/v1/chat/completions",
    input_file_id: "file-000001",
    completion_window: "24h",
    status: "completed",
    ...members
  } as never)

/** Ends the batch in a state. */
export const endsWith = (server: Server, members: { readonly [name: string]: unknown }) =>
  server.replyAt(batchRoute, batchWith(members))
